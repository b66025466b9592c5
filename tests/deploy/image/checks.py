"""What must hold of the image while it runs as compose.yaml runs it. One line a check, the figures among them."""

from __future__ import annotations

import ctypes
import fcntl
import json
import logging
import platform
import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import yaml

from tests.deploy.image.building import Image
from tests.deploy.image.cgroups import in_bytes, limiting
from tests.deploy.image.container import Container, Running
from tests.paths import REPOSITORY

MEGABYTE = 1_000_000
MAX_ABOVE_BASE = 480 * MEGABYTE
SECONDS_TO_START = 60
BASE = "http://127.0.0.1:8000"
KERNELS, CACHE = "/opt/opentrader/kernels", "/var/cache/opentrader"
CHECKER = REPOSITORY.parent / "shared/acceptance/contract_check.py"
LICENSEE = {"email": "image@example.com", "name": "Image Test"}
REQUESTS: tuple[tuple[str, dict[str, str] | None], ...] = (
    ("/api/license/register", LICENSEE),
    ("/api/market/BTC?mtf_tf=4h", None),
    ("/api/trend/BTC?timeframe=1h", None),
    ("/api/trade?symbol=ETH&direction=buy&bot=image&sl=2&tp=4&ev=30&confidence=9", {}),
    ("/api/close?symbol=ETH", {}),
    ("/api/status", None),
)
COMMANDS = (
    "opentrader scan",
    "opentrader scan --mode trend --timeframe 1h --json",
    "opentrader analyze BTC --explain",
    "opentrader check-config",
    "opentrader audit verify",
)
# The next version trades with it; the daemon does not import it yet.
CCXT = "import ccxt.async_support; ccxt.async_support.binance()"
CLONE_NEWNET, SIOCSIFFLAGS, IFF_UP = 0x40000000, 0x8914, 1

log = logging.getLogger("image-test")


class Check(NamedTuple):
    name: str
    passed: bool
    found: object = ""


def run(image: Image, scratch: Path) -> int:
    """Run every check. Returns how many failed."""
    own_network()
    service = yaml.safe_load((REPOSITORY / "compose.yaml").read_text(encoding="utf-8"))["services"]["opentrader"]
    limits = {"memory": in_bytes(service["mem_limit"]), "pids": service["pids_limit"]}
    failed = 0
    with limiting(scratch.name, limits) as cgroups:
        for controller in limits.keys() - cgroups.limited:
            log.info("skip  limit of %s: no control group can be made for it here", controller)
        container = Container(image.root, image.config, service, scratch / "data", cgroups, scratch / "log")
        container.prepare()
        for name, passed, found in all_checks(image, container):
            log.info("%s  %s", "ok  " if passed else "FAIL", f"{name}: {found}" if found != "" else name)
            failed += not passed
    if failed:
        log.info("what the container printed:\n%s", container.log.read_text())
    return failed


def all_checks(image: Image, container: Container) -> Iterator[Check]:
    yield Check("MB above the base", image.above_base <= MAX_ABOVE_BASE, f"{image.above_base / MEGABYTE:.0f}")
    with container.running("doctor") as examined:
        yield Check("doctor", examined.process.wait(SECONDS_TO_START) == 0)
    with container.running() as daemon:
        yield from of_a_new_daemon(daemon)
    # An x86-64 processor from before 2013, on the data that the first run left.
    older = {"NUMBA_CPU_NAME": "x86-64"} if platform.machine() == "x86_64" else {}
    with container.running(**older) as daemon:
        yield answering(daemon, "second start, to the first 200")
        for name, value in older.items():
            yield Check(f"{name} can be set", f"{name}={value}" in variables(daemon), value)
        yield Check("exit status of an ordered end", (status := daemon.stop()) == 0, status)
    if peak := container.cgroups.peak_memory:
        yield Check("MB of memory charged to it at most", True, peak // MEGABYTE)


def of_a_new_daemon(daemon: Running) -> Iterator[Check]:
    started = answering(daemon, "start, to the first 200")
    yield started
    if not started.passed:
        return
    yield from confinement(daemon)
    done = daemon.execute(*daemon.container.config["Healthcheck"]["Test"][1:])
    yield Check("the image's health check", done.returncode == 0, done.stderr)
    yield contract() if CHECKER.exists() else requests()
    for command in COMMANDS:
        done = daemon.execute(*command.split())
        yield Check(command, done.returncode == 0, done.stderr or f"{len(done.stdout.splitlines())} lines")
    yield refused_plot(daemon)
    done = daemon.execute("/opt/opentrader/bin/python", "-c", CCXT)
    yield Check("import ccxt", done.returncode == 0, done.stderr)
    yield kernels(daemon)
    yield Check("exit status of an ordered end", (status := daemon.stop()) == 0, status)


def own_network() -> None:
    """From here on this process and its children see a network of loopback alone. Raises `OSError`."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "a network namespace cannot be made")
    with socket.socket() as anything:
        fcntl.ioctl(anything, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))


def answering(daemon: Running, name: str) -> Check:
    """Wait for the first 200 of the health check, counted from before the mounts were made."""
    while time.monotonic() < daemon.started + SECONDS_TO_START and daemon.process.poll() is None:
        try:
            with urlopen(f"{BASE}/api/health", timeout=5):
                return Check(name, True, f"{time.monotonic() - daemon.started:.1f} s")
        except OSError:
            time.sleep(0.02)
    return Check(name, False, f"no answer; exit status {daemon.process.poll()}")


def confinement(daemon: Running) -> Iterator[Check]:
    """What the kernel says about the process, its mounts and its control groups."""
    status = dict(re.findall(r"(\w+):\t(.*)", daemon.file("/proc/1/status").read_text()))
    user = daemon.container.service["user"]
    yield Check("the image's user is that of compose.yaml", daemon.container.config["User"] == user, user)
    ids = (set(status[name].split()) for name in ("Uid", "Gid"))
    yield Check("user and group", [{each} for each in user.split(":")] == list(ids), user)
    kept = {name: status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    yield Check("no capability", not any(int(value, 16) for value in kept.values()), kept["CapBnd"])
    yield Check("no new privileges", status["NoNewPrivs"] == "1")
    mounts = [line.split() for line in daemon.file("/proc/1/mounts").read_text().splitlines()]
    options = {place: set(told.split(",")) for _, place, _, told, *_ in mounts}
    yield Check("the root is read-only", "ro" in options["/"])
    for place in ("/tmp", CACHE):
        yield Check(f"{place} executes nothing", {"noexec", "nosuid", "nodev"} <= options[place])
    told = daemon.file("/proc/1/limits").read_text()
    yield Check("no core is dumped", re.search(r"Max core file size +0 +0", told) is not None)
    for folder in daemon.container.cgroups.folders:
        members = (folder / "cgroup.procs").read_text().split()
        yield Check(f"limited by {folder}", str(daemon.pid) in members, f"{len(members)} processes")


def contract() -> Check:
    command = [sys.executable, str(CHECKER), BASE, "--fresh", "--quiet"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    found = done.stdout if done.returncode else done.stdout.splitlines()[-1]
    return Check("the contract", done.returncode == 0, found)


def requests() -> Check:
    log.info("skip  the contract: the folder `shared` is not beside the repository; a few requests instead")
    failed = [f"{path}: {status}" for path, body in REQUESTS if (status := status_of(path, body)) != 200]
    return Check("requests", not failed, "; ".join(failed) or f"{len(REQUESTS)} answered")


def status_of(path: str, body: dict[str, str] | None) -> int:
    """The status that answers a GET, or a POST of this body as JSON."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(BASE + path, data, {"Content-Type": "application/json"}), timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def refused_plot(daemon: Running) -> Check:
    done = daemon.execute("opentrader", "analyze", "BTC", "--plot", "btc.html")
    return Check("a chart is refused clearly", done.returncode == 2 and "plotly" in done.stderr, done.stderr.strip())


def kernels(daemon: Running) -> Check:
    """Those compiled with the image were found: numba wrote no other into its cache."""
    there, cached = ({p.name: p.read_bytes() for p in daemon.file(n).rglob("*.nb?")} for n in (KERNELS, CACHE))
    return Check("kernels of the image are used", there == cached, f"{len(cached)} files")


def variables(daemon: Running) -> list[str]:
    return daemon.file("/proc/1/environ").read_text().split("\0")
