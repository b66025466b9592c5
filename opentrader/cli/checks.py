"""The checks of `opentrader doctor`: each finds one problem that would prevent a start or harm a run. Read-only."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from opentrader.config.settings import Settings
from opentrader.domain.license import turned_back
from opentrader.domain.symbols import listing_of
from opentrader.domain.timeframes import TF_MS
from opentrader.errors import ConfigError, OpentraderError, StorageError
from opentrader.research import latest_candle, open_market
from opentrader.store.sqlite import folder
from opentrader.store.sqlite.read_only import read_store
from opentrader.store.tables import licenses

Verdict = Literal["ok", "warn", "fail"]

FREE_FAIL, FREE_WARN = 50_000_000, 500_000_000
_NO_CLOCK = datetime(2025, 1, 1, tzinfo=UTC).timestamp()  # a machine whose clock was never set is before this


class Check(NamedTuple):
    """One result; `advice` says how to fix a warning or a failure."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def examine(settings: Settings) -> Iterator[Check]:
    """Run every check, in the order in which a start would meet the problem."""
    checks: tuple[tuple[str, Callable[[Settings], Check]], ...] = (
        ("data folder", data_folder),
        ("instance", instance),
        ("disk", disk),
        ("clock", clock),
        ("port", port),
        ("kernels", kernels),
        ("license", licensed),
        ("feed", feed),
    )
    for name, check in checks:
        try:
            yield check(settings)
        except OpentraderError as error:
            yield Check(name, "fail", error.detail, error.hint)


def refused(error: ConfigError) -> Check:
    """The result for invalid settings; no other check can run."""
    return Check("settings", "fail", error.detail, "`opentrader check-config` marks them")


def data_folder(settings: Settings) -> Check:
    """Check that the folder exists or can be created, is writable, and is on a local disk."""
    wanted = settings.data_dir.absolute()
    there = _existing(wanted)
    advice = "make it writable for the user that runs the daemon, or choose another folder with --data-dir"
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Check("data folder", "fail", f"{there} is not writable", advice)
    mounts = Path("/proc/self/mountinfo")
    kind = folder.file_system(there.stat().st_dev, mounts.read_text() if mounts.exists() else "")
    folder.refuse_remote(wanted, kind)
    return Check("data folder", "ok", str(wanted) if there == wanted else f"{wanted} will be created")


def instance(settings: Settings) -> Check:
    """Check that no other daemon uses the folder."""
    path = settings.data_dir / folder.LOCK
    if not path.is_file():
        return Check("instance", "ok", "no daemon has used this folder yet")
    with path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            advice = "stop it before you start another daemon on this folder"
            return Check("instance", "warn", f"a daemon is running on this folder (pid {lock.read().strip()})", advice)
    return Check("instance", "ok", "no daemon is running on this folder")


def disk(settings: Settings) -> Check:
    free = shutil.disk_usage(_existing(settings.data_dir.absolute())).free
    verdict: Verdict = "fail" if free < FREE_FAIL else "warn" if free < FREE_WARN else "ok"
    return Check("disk", verdict, f"{free / 1e6:,.0f} MB free", "" if verdict == "ok" else "free disk space")


def clock(settings: Settings) -> Check:
    """Check that the wall clock is set, and not behind the last reading of the daemon."""
    now = time.time()
    text = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S} UTC"
    seen = read_store(settings.data_dir, licenses.clock_high_water)
    if now < _NO_CLOCK:
        return Check("clock", "fail", f"{text} is in the past", "set the clock, for example by NTP")
    if seen is not None and turned_back(now, seen):
        found = f"{text} is before {_utc(round(seen * 1000))}, the daemon's last reading: the license is suspended"
        return Check("clock", "fail", found, _TURNED_BACK)
    return Check("clock", "ok", text)


def port(settings: Settings) -> Check:
    """Check that the address is free."""
    place = f"{settings.host}:{settings.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[
            0
        ]
        with closing(socket.socket(family, kind, protocol)) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(address)
    except OSError as error:
        advice = "stop the process that listens there, or choose another address with --host and --port"
        return Check("port", "fail", f"{place}: {error.strerror}", advice)
    return Check("port", "ok", f"{place} is free")


def kernels(settings: Settings) -> Check:
    """Check that the kernels are compiled."""
    from opentrader.jit.kernels import is_cached

    if is_cached():
        return Check("kernels", "ok", "compiled and cached")
    return Check("kernels", "warn", "not compiled: the first start will be slow", "run `opentrader warmup` once")


def licensed(settings: Settings) -> Check:
    """Check that a license is stored or configured."""
    try:
        sealed = read_store(settings.data_dir, licenses.row)
    except StorageError as error:
        return Check("license", "fail", error.detail, error.hint)
    if sealed is not None:
        return Check("license", "ok", f"{sealed.license.plan} license stored")
    if settings.license_email is not None:
        return Check("license", "ok", f"the start registers the free license of {settings.license_email}")
    return Check(
        "license",
        "warn",
        "none: bot actions return 503",
        "register the free license: set license_email and license_name",
    )


def feed(settings: Settings) -> Check:
    """Check that the feed lists the watchlist and has fresh candles."""
    market = open_market(settings)
    listings = market.feed.listings()
    for symbol in settings.watchlist:
        listing_of(symbol, listings)
    closed_ms = latest_candle(market, settings.watchlist[0])
    if closed_ms is None:
        return Check("feed", "fail", f"{settings.feed} has no candle of {settings.watchlist[0]} before now", _AT)
    text = f"{settings.feed}: {len(settings.watchlist)} symbols; the last 4h candle closed {_utc(closed_ms)}"
    if market.now_ms - closed_ms >= 2 * TF_MS["4h"]:
        return Check("feed", "warn", text, _AT)
    return Check("feed", "ok", text)


_TURNED_BACK = (
    "set the clock; if it is right, confirm it to the running daemon by sending the license key again:"
    " POST /api/license/activate"
)
_AT = "the recorded candles end before now; choose an instant inside them with --at"


def _utc(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _existing(path: Path) -> Path:
    """The path, or its nearest existing parent."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
