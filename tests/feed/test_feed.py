"""The chosen feed, opened."""

from __future__ import annotations

from pathlib import Path

from opentrader.feed import FilesChoice, SimulatedChoice, open_feed
from opentrader.feed.files import FileFeed
from opentrader.feed.simulated import SimulatedFeed


async def test_the_chosen_feed_is_opened_with_its_shift(tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT-4h.csv").write_text("0,1,2,0.5,1.5,9\n")
    files = open_feed(FilesChoice(tmp_path), shift_ms=604_800_000)
    assert isinstance(files, FileFeed)
    assert (await files.candles("BTCUSDT", "4h", limit=1, now_ms=700_000_000))[0, 0] == 604_800_000
    simulated = open_feed(SimulatedChoice(3))
    assert isinstance(simulated, SimulatedFeed)
    assert (files.source, simulated.source) == ("files", "simulated")
