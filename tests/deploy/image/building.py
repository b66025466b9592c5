"""A base from Debian's packages, the wheels of the lock, and the real Dockerfile built on them by buildah."""

from __future__ import annotations

import json
import logging
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.paths import REPOSITORY

SUITE, PYTHON = "bookworm", "3.11"  # of Debian, and the Python that comes with it
BASE, IMAGE = "localhost/opentrader-base", "localhost/opentrader-test"
LOCK = REPOSITORY / "requirements-daemon.lock"

log = logging.getLogger("image-test")


@dataclass(frozen=True, slots=True)
class Image:
    """The image that was built: its files, its configuration, and how many bytes it holds more than its base."""

    root: Path
    config: dict[str, Any]
    above_base: int


class Buildah:
    """buildah with a storage of its own in `folder`: it shares nothing with what the machine keeps."""

    def __init__(self, folder: Path) -> None:
        storage = ("--root", folder / "storage", "--runroot", folder / "run", "--storage-driver", "vfs")
        self._command = ("buildah", *map(str, storage))
        self._environment = os.environ | {"TMPDIR": str(folder)}

    def run(self, *arguments: str) -> None:
        subprocess.run([*self._command, *arguments], check=True, env=self._environment, stdout=sys.stderr)

    def ask(self, *arguments: str) -> str:
        command = [*self._command, *arguments]
        done = subprocess.run(command, check=True, env=self._environment, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()

    def mounted(self, image: str) -> Path:
        """The files of a container made from this image."""
        return Path(self.ask("mount", self.ask("from", "--pull-never", image)))


def build(scratch: Path) -> Image:
    """Build the image. Raises `CalledProcessError` when a step fails; what it said stands on stderr."""
    buildah = Buildah(scratch)
    log.info("base: Debian %s with its Python %s", SUITE, PYTHON)
    make_base(buildah)
    log.info("wheels: what the lock names")
    wheels = download_wheels(scratch)
    log.info("image: the Dockerfile, built by buildah")
    settings = scratch / "pip.conf"
    settings.write_text("[global]\nno-index = true\nfind_links = /wheels\n")
    volumes = ("--volume", f"{wheels}:/wheels:ro", "--volume", f"{settings}:/etc/pip.conf:ro")
    kind = ("--isolation", "chroot", "--format", "docker", "--pull-never", "--build-arg", f"BASE={BASE}")
    buildah.run("build", *kind, *volumes, "--tag", IMAGE, str(REPOSITORY))
    root, config = buildah.mounted(IMAGE), json.loads(buildah.ask("inspect", "--type", "image", IMAGE))
    return Image(root, config["Docker"]["config"], size(root) - size(buildah.mounted(BASE)))


def make_base(buildah: Buildah) -> None:
    container = buildah.ask("from", "scratch")
    root = Path(buildah.ask("mount", container))
    packages = "python3,python3-venv,python-is-python3"
    command = ["debootstrap", "--variant=minbase", f"--include={packages}", SUITE, str(root)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(root / "var/cache/apt")
    buildah.run("config", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container)
    buildah.run("commit", "--quiet", "--rm", container, BASE)


def download_wheels(scratch: Path) -> Path:
    """The wheels for the base's Python, fetched by this machine's pip with its settings: the build needs no network."""
    folder = scratch / "wheels"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download")
    wanted = ("--require-hashes", "--only-binary", ":all:", "--python-version", PYTHON, "--requirement", str(LOCK))
    subprocess.run([*pip, *wanted, "--no-deps", "--dest", str(folder)], check=True)
    return folder


def size(root: Path) -> int:
    """Bytes in the files of a tree; one that has several names counts once."""
    found = (Path(folder, name).lstat() for folder, _, names in os.walk(root) for name in names)
    return sum({(each.st_dev, each.st_ino): each.st_size for each in found if stat.S_ISREG(each.st_mode)}.values())
