"""The reserve: real room on the disk, whole or not there, released once and made again."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from opentrader.store import Store
from opentrader.store.sqlite.reserve import RESERVE, RESERVE_BYTES, Reserve


@pytest.fixture
def reserve(tmp_path: Path) -> Reserve:
    return Reserve(tmp_path)


def test_it_takes_real_room_and_is_released_once(reserve: Reserve, tmp_path: Path) -> None:
    assert not reserve.held
    reserve.fill()
    file = tmp_path / RESERVE
    assert file.stat().st_blocks * 512 >= RESERVE_BYTES
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == [RESERVE]
    assert (reserve.held, reserve.release(), reserve.held, reserve.release()) == (True, True, False, False)
    reserve.fill()
    assert reserve.held


def test_it_leaves_as_much_room_as_it_takes(reserve: Reserve, free_bytes: Callable[[int], None]) -> None:
    free_bytes(2 * RESERVE_BYTES - 1)
    reserve.fill()
    assert not reserve.held
    free_bytes(2 * RESERVE_BYTES)
    reserve.fill()
    assert reserve.held


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_what_cannot_be_made_whole_leaves_nothing(
    reserve: Reserve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A quota is no part of the free space that the system reports."""

    def refused(descriptor: int, offset: int, length: int) -> None:
        os.pwrite(descriptor, b"x", 0)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", refused)
    reserve.fill()
    assert (reserve.held, os.listdir(tmp_path)) == (False, [])


def test_a_disk_that_fails_is_no_full_one(reserve: Reserve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(descriptor: int, offset: int, length: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "posix_fallocate", broken)
    with pytest.raises(OSError, match="Input"):
        reserve.fill()
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_deleted_is_no_room(reserve: Reserve, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(path: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    reserve.fill()
    monkeypatch.setattr(Path, "unlink", read_only)
    assert (reserve.release(), reserve.held) == (False, True)


def test_a_start_makes_it_and_on_a_full_disk_releases_it(data_dir: Path, free_bytes: Callable[[int], None]) -> None:
    Store.open(data_dir).close()
    assert (data_dir / RESERVE).exists()
    free_bytes(RESERVE_BYTES - 1)
    store = Store.open(data_dir)
    assert (store.disk.state().reserve, store.disk.roomy()) == (0, False)
    free_bytes(1 << 40)
    store.disk.keep_reserve()
    assert (store.disk.state().reserve, store.disk.roomy()) == (RESERVE_BYTES, True)
    store.close()
