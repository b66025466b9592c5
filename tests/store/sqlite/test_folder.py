"""The data folder: private, local, and one process at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from opentrader.errors import ConfigError
from opentrader.store import Store
from opentrader.store.sqlite import folder
from tests.paths import REPOSITORY

HOLD = """
import pathlib, sys
from opentrader.store import Store
store = Store.open(pathlib.Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def modes(data_dir: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (data_dir, *data_dir.iterdir())}


def test_folder_and_files_are_private_whatever_the_umask(data_dir: Path) -> None:
    before = os.umask(0)
    try:
        store = Store.open(data_dir)
    finally:
        os.umask(before)
    found = modes(data_dir)
    store.close()
    files = ("opentrader.db", "opentrader.db-wal", "opentrader.db-shm", "opentrader.lock", "opentrader.reserve")
    assert found == {"data": 0o700, **dict.fromkeys(files, 0o600)}


def test_files_that_were_open_to_others_are_made_private(data_dir: Path) -> None:
    Store.open(data_dir).close()
    data_dir.chmod(0o755)
    (data_dir / "opentrader.db").chmod(0o644)
    log = data_dir / "opentrader.db-wal"
    log.write_bytes(bytes(64))
    log.chmod(0o644)
    store = Store.open(data_dir)
    found = modes(data_dir)
    store.close()
    assert found.pop("data") == 0o700
    assert set(found.values()) == {0o600}


def test_a_second_process_is_told_who_holds_the_folder(data_dir: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(data_dir)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "open\n"
            with pytest.raises(ConfigError, match=rf"in use .*pid {holder.pid}\)") as refusal:
                Store.open(data_dir)
            assert "--data-dir" in refusal.value.hint
        finally:
            holder.kill()
    Store.open(data_dir).close()  # the kernel took the lock back from the dead process


def test_a_second_store_in_the_same_process_is_refused(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / folder.LOCK).write_text("123456789012345\n")  # a longer pid, of a holder that is gone
    store = Store.open(data_dir)
    with pytest.raises(ConfigError, match=rf"\(pid {os.getpid()}\)"):
        Store.open(data_dir)
    store.close()


def test_a_failed_open_leaves_the_folder_free(data_dir: Path) -> None:
    data_dir.mkdir()
    database = data_dir / folder.DATABASE
    database.write_text("no database")
    with pytest.raises(ConfigError):
        Store.open(data_dir)
    database.unlink()
    Store.open(data_dir).close()


def test_a_file_in_the_folder_s_place_is_a_clear_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be used"):
        Store.open(tmp_path / "file" / "data")


MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:52 / /mnt/my\\040share rw shared:7 master:1 - nfs4 nas:/export rw,vers=4.2
41 22 0:53 / /mnt/win rw - cifs //nas/share rw
"""


@pytest.mark.parametrize(
    ("device", "kind"),
    [((254, 0), "ext4"), ((0, 52), "nfs4"), ((0, 53), "cifs"), ((9, 9), "")],
)
def test_the_file_system_is_found_by_its_device(device: tuple[int, int], kind: str) -> None:
    assert folder.file_system(os.makedev(*device), MOUNTS) == kind


def test_a_network_file_system_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"network file system \(nfs4\)"):
        folder.refuse_remote(tmp_path, "nfs4")
    folder.refuse_remote(tmp_path, "ext4")


def test_the_mounts_are_looked_at_when_a_folder_is_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"40 22 {os.major(device)}:{os.minor(device)} / / rw - nfs nas:/export rw\n")
    monkeypatch.setattr(folder, "_MOUNTS", mounts)
    with pytest.raises(ConfigError, match="nfs"):
        Store.open(tmp_path / "data")
