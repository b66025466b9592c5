"""How the image is built and started, as far as can be seen without building it; `make image-test` does the rest."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.deploy.image import __main__ as image_test
from tests.deploy.image.cgroups import in_bytes, limiting
from tests.paths import REPOSITORY

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
ENTRYPOINT = (REPOSITORY / "deploy/docker-entrypoint").read_text(encoding="utf-8")
# What not every builder knows: variables of the platform, options of instructions, here-documents, front ends.
NOT_EVERYWHERE = re.compile(
    r"\b(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)\b"
    r"|^(?:COPY|ADD|RUN)\s+(?:--from=\S+\s+)?--(?!from\b)\w+"
    r"|<<-?['\"]?[A-Z]"
    r"|^#\s*syntax\s*=",
    re.MULTILINE,
)


def pins(name: str) -> set[str]:
    return set(re.findall(r"(?m)^[\w.-]+==[\w.]+", (REPOSITORY / name).read_text(encoding="utf-8")))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder that is the whole search path: a shell's tools, and what a test adds."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "cp", "uname"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    return folder


def program(path: Path, script: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def output(command: list[str | Path], path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env={"PATH": str(path), **environment}, capture_output=True, text=True, check=False)


# --- the Dockerfile --------------------------------------------------------------------------------------------------


def test_every_builder_understands_the_dockerfile() -> None:
    assert NOT_EVERYWHERE.findall(DOCKERFILE) == []


@pytest.mark.parametrize(
    "line",
    [
        "FROM ${TARGETARCH} AS runtime",
        "COPY --chmod=0755 a b",
        "COPY --from=build --link a b",
        "RUN --mount=type=cache,target=/x true",
        "RUN cat <<EOF",
        "# syntax=docker/dockerfile:1",
    ],
)
def test_what_not_every_builder_understands_is_recognized(line: str) -> None:
    assert NOT_EVERYWHERE.search(line)


def test_what_is_copied_is_not_ignored() -> None:
    allowed = re.findall(r"(?m)^!(.+)$", (REPOSITORY / ".dockerignore").read_text(encoding="utf-8"))
    copied = [
        line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY ") and "--from" not in line
    ]
    assert sorted(name for names in copied for name in names) == sorted(allowed)


def test_the_image_gets_the_pinned_packages_without_those_that_draw_charts() -> None:
    daemon, everything = pins("requirements-daemon.lock"), pins("requirements.lock")
    assert daemon < everything
    names = {pin.partition("==")[0] for pin in everything - daemon}
    assert {"matplotlib", "plotly"} <= names


def test_the_image_gets_every_package_that_setup_cfg_requires() -> None:
    config = configparser.ConfigParser()
    config.read(REPOSITORY / "setup.cfg")
    required = set(re.findall(r"(?m)^[\w-]+", config["options"]["install_requires"]))
    assert required
    assert required <= {pin.partition("==")[0] for pin in pins("requirements-daemon.lock")}


# --- make image ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("working", "built_by"),
    [
        (("docker", "podman", "buildah"), "docker build --tag x ."),
        (("podman", "buildah"), "podman build --format docker --tag x ."),
        (("buildah",), "buildah build --format docker --tag x ."),
    ],
)
def test_the_first_builder_that_works_builds(path: Path, working: tuple[str, ...], built_by: str) -> None:
    program(path / "docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")  # a client without its engine
    for name in working:
        program(path / name, f'[ "$1" = info ] || echo {name} "$@"')
    done = output([REPOSITORY / "deploy/build-image", "--tag", "x", "."], path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{built_by}\n", "")


def test_a_build_that_fails_is_a_failure(path: Path) -> None:
    program(path / "podman", '[ "$1" = info ] || exit 7')
    assert output([REPOSITORY / "deploy/build-image", "."], path).returncode == 7


def test_a_machine_without_a_builder_is_told_the_three(path: Path) -> None:
    done = output([REPOSITORY / "deploy/build-image", "."], path)
    assert (done.returncode, done.stdout) == (1, "")
    assert all(name in done.stderr for name in ("docker", "podman", "buildah"))


# --- the start script ------------------------------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path, path: Path) -> Path:
    """An image's /opt/opentrader whose command prints what it was started with; beside it the start script."""
    folder = tmp_path / "opt"
    (folder / "bin").mkdir(parents=True)
    (folder / "kernels").mkdir()
    (folder / "kernels/one.nbc").write_text("compiled")
    shown = '"$@" "${NUMBA_CPU_NAME-unset}" "${NUMBA_CPU_FEATURES-unset}"'
    program(folder / "bin/opentrader", f"printf '%s,' {shown}")
    program(folder / "start", ENTRYPOINT.replace("/opt/opentrader", str(folder)))
    return folder


def started(installed: Path, path: Path, machine: str, **environment: str) -> str:
    program(path / "uname", f"echo {machine}")
    cache = installed / "cache"
    cache.mkdir(exist_ok=True)
    done = output([installed / "start", "serve"], path, **{"NUMBA_CACHE_DIR": str(cache), **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("machine", "given", "shown"),
    [
        ("x86_64", {}, "serve,x86-64-v3,,"),
        ("x86_64", {"NUMBA_CPU_NAME": "x86-64"}, "serve,x86-64,,"),
        ("x86_64", {"NUMBA_CPU_FEATURES": "+avx2"}, "serve,x86-64-v3,+avx2,"),
        ("aarch64", {}, "serve,unset,unset,"),
    ],
)
def test_the_processor_is_named_on_x86_64_alone(
    installed: Path, path: Path, machine: str, given: Mapping[str, str], shown: str
) -> None:
    assert started(installed, path, machine, **given) == shown


def test_the_kernels_of_the_image_are_copied_to_where_numba_may_write(installed: Path, path: Path) -> None:
    started(installed, path, "x86_64")
    assert (installed / "cache/one.nbc").read_text() == "compiled"


def test_a_second_command_leaves_the_kernels_of_the_first_alone(installed: Path, path: Path) -> None:
    started(installed, path, "x86_64")
    copied = (installed / "cache/one.nbc").stat()
    started(installed, path, "x86_64")
    assert (installed / "cache/one.nbc").stat() == copied


def test_the_kernels_of_a_newer_image_replace_those_in_a_cache_that_was_kept(installed: Path, path: Path) -> None:
    started(installed, path, "x86_64")
    newer = installed / "kernels/one.nbc"
    newer.write_text("compiled once more")
    os.utime(newer, ns=(newer.stat().st_atime_ns, newer.stat().st_mtime_ns + 10**9))
    started(installed, path, "x86_64")
    assert (installed / "cache/one.nbc").read_text() == "compiled once more"


def test_the_build_compiles_into_the_image_itself(installed: Path, path: Path) -> None:
    started(installed, path, "x86_64", NUMBA_CACHE_DIR=str(installed / "kernels"))
    assert [each.name for each in (installed / "kernels").iterdir()] == ["one.nbc"]


# --- make image-test -------------------------------------------------------------------------------------------------


def test_what_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool in {"buildah", "debootstrap"} else tool)
    assert image_test.missing().endswith("apt-get install buildah debootstrap")


def test_root_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: tool)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "sudo make image-test" in image_test.missing()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert image_test.missing() == ""


@pytest.mark.parametrize(("size", "count"), [("1g", 1 << 30), ("64m", 64 << 20), ("512k", 512 << 10), ("4096", 4096)])
def test_sizes_of_compose(size: str, count: int) -> None:
    assert in_bytes(size) == count


def test_without_control_groups_nothing_is_limited_and_nothing_fails(tmp_path: Path) -> None:
    with limiting("test", {"memory": 1, "pids": 2}, tmp_path / "absent") as cgroups:
        assert (cgroups.folders, cgroups.limited, cgroups.peak_memory) == ((), frozenset(), None)
