"""`make image-test`: build the image on a machine without a container engine, run it confined and check it.

The steps run in mount and process namespaces that end with them: whatever happens, the kernel undoes every mount and
ends every process. The scratch folder is removed from outside, where nothing is mounted below it.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.deploy.image import building, checks
from tests.paths import REPOSITORY

PACKAGES = {"buildah": "buildah", "debootstrap": "debootstrap", "unshare": "util-linux", "nsenter": "util-linux"}
BUILDAH_CACHE = Path("/var/lib/containers/cache")
OWN_NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")

log = logging.getLogger("image-test")


def missing() -> str:
    """What stops the test on this machine, with what to do about it; nothing when all is there."""
    packages = sorted({package for tool, package in PACKAGES.items() if shutil.which(tool) is None})
    if packages:
        return f"image-test needs Debian's packages {', '.join(packages)}: apt-get install {' '.join(packages)}"
    if os.geteuid() != 0:
        return "image-test needs root, for debootstrap and for mounts: sudo make image-test"
    return ""


def outside() -> int:
    """Run the steps in their namespaces and remove what they made. Returns the exit status."""
    if reason := missing():
        log.error("%s", reason)
        return 2
    (REPOSITORY / "build").mkdir(exist_ok=True)
    scratch = tempfile.mkdtemp(prefix="image-test-", dir=REPOSITORY / "build")
    again = [sys.executable, "-m", "tests.deploy.image", scratch]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # an exit that cleans up
    try:
        return subprocess.run([*OWN_NAMESPACES, *again], cwd=REPOSITORY, check=False).returncode
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        remove(Path(scratch))


def remove(folder: Path, seconds: float = 30) -> None:
    """Remove a folder into which processes that were just killed may still write. Raises `OSError` when it stays."""
    until = time.monotonic() + seconds
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def inside(scratch: Path) -> int:
    """Build, run and check. Returns the exit status."""
    hide_cache(scratch)
    try:
        image = building.build(scratch)
    except subprocess.CalledProcessError as error:
        log.error("the image could not be built: `%s` exited with %d", error.cmd[0], error.returncode)
        return 1
    failed = checks.run(image, scratch)
    log.info("%s", f"{failed} checks failed" if failed else "all checks passed")
    return 1 if failed else 0


def hide_cache(scratch: Path) -> None:
    """Keep what buildah remembers about layers out of the machine's own cache: it has no option for that folder."""
    (folder := scratch / "cache").mkdir()
    BUILDAH_CACHE.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", folder, BUILDAH_CACHE], check=True)


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)
    sys.exit(inside(Path(sys.argv[1])) if sys.argv[1:] else outside())
