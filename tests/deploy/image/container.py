"""A container without an engine: the image's files read-only, its user and command, and the limits of compose.yaml.

What the kernel enforces for Docker it enforces here too, from util-linux: namespaces, mounts, no capability, no new
privileges, and control groups where they can be written. Left out are compose's init process and its networks: the
network here is loopback alone.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.image.cgroups import Cgroups

NAMESPACES = ("--mount", "--ipc", "--uts", "--pid", "--fork", "--kill-child")
DEVICES = ("null", "zero", "full", "random", "urandom")
SEALED = "nosuid,nodev,noexec"


@dataclass(frozen=True, slots=True)
class Container:
    """An image made ready to run: files, configuration, the service of compose.yaml, where data and output go."""

    root: Path
    config: Mapping[str, Any]
    service: Mapping[str, Any]
    data: Path
    cgroups: Cgroups
    log: Path

    @property
    def volume(self) -> str:
        (place,) = self.config["Volumes"]
        return str(place)

    def prepare(self) -> None:
        """Make the data folder as an engine makes a new volume: with the owner and mode that the image gives it."""
        self.data.mkdir()
        shutil.copystat(self.root / self.volume.lstrip("/"), self.data)
        user, group = map(int, self.service["user"].split(":"))
        os.chown(self.data, user, group)

    def mounts(self) -> Iterator[Sequence[str]]:
        """The commands that make the view of the file system, in their order."""
        root = str(self.root)
        yield "mount", "--bind", root, root
        yield "mount", "--options", f"remount,bind,{'ro' if self.service.get('read_only') else 'rw'}", root
        yield "mount", "--types", "proc", "--options", SEALED, "proc", f"{root}/proc"
        yield "mount", "--types", "tmpfs", "--options", "mode=0755,nosuid,size=64k", "tmpfs", f"{root}/dev"
        for device in DEVICES:
            yield "touch", f"{root}/dev/{device}"
            yield "mount", "--bind", f"/dev/{device}", f"{root}/dev/{device}"
        yield "mkdir", f"{root}/dev/shm"
        yield "mount", "--types", "tmpfs", "--options", f"{SEALED},size=64m", "tmpfs", f"{root}/dev/shm"
        for place, _, options in (each.partition(":") for each in self.service.get("tmpfs", ())):
            yield "mount", "--types", "tmpfs", "--options", options or SEALED, "tmpfs", root + place
        yield "mount", "--bind", str(self.data), root + self.volume

    def confined(self, command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """This command as it is run below the new root: user, privileges, limits and environment of the container."""
        user, group = self.service["user"].split(":")
        dropped = ["--inh-caps=-all", "--bounding-set=-all"] if "ALL" in self.service.get("cap_drop", ()) else []
        sealed = ["--no-new-privs"] if "no-new-privileges:true" in self.service.get("security_opt", ()) else []
        limits = [f"--{name}={value}" for name, value in self.service.get("ulimits", {}).items()]
        if "pids" not in self.cgroups.limited:
            limits.append(f"--nproc={self.service['pids_limit']}")
        variables = [*self.config["Env"], *(f"{name}={value}" for name, value in environment.items())]
        who = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *dropped, *sealed]
        return [*who, "prlimit", *limits, "env", "--ignore-environment", *variables, *command]

    @contextmanager
    def running(self, *command: str, **environment: str) -> Iterator[Running]:
        """Start the image's entry point with this command or its own; what still runs at the end is killed."""
        entry = [*self.config["Entrypoint"], *(command or self.config["Cmd"])]
        steps = [shlex.join(step) for step in self.mounts()]
        steps += [f"echo 0 > {shlex.quote(str(folder / 'cgroup.procs'))}" for folder in self.cgroups.folders]
        steps.append(f"exec chroot {shlex.quote(str(self.root))} {shlex.join(self.confined(entry, environment))}")
        started = time.monotonic()
        with self.log.open("ab") as log:
            unshare = ["unshare", *NAMESPACES, "sh", "-ec", "\n".join(steps)]
            running = Running(self, subprocess.Popen(unshare, stdout=log, stderr=log), started)
        try:
            yield running
        finally:
            running.end()


@dataclass(frozen=True, slots=True)
class Running:
    """A container that was started at `started` (monotonic seconds); `process` is what holds its namespaces."""

    container: Container
    process: subprocess.Popen[bytes]
    started: float

    @property
    def pid(self) -> int:
        """The first process of the container, as seen from outside."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])

    def file(self, name: str) -> Path:
        """A file as the container sees it."""
        return Path(f"/proc/{self.pid}/root{name}")

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run another command in the container, as `docker exec` does."""
        enter = ["nsenter", "--target", str(self.pid), "--mount", "--ipc", "--uts", "--pid", "--root", "--wd"]
        confined = self.container.confined(command, {})
        return subprocess.run([*enter, *confined], capture_output=True, text=True, check=False)

    def stop(self) -> int:
        """Ask for an ordered end and wait for it, as long as compose does. Returns the exit status."""
        os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(float(self.container.service["stop_grace_period"].removesuffix("s")))

    def end(self) -> None:
        """Kill what still runs. The first process of a container is gone only once all others are."""
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.process.wait()
