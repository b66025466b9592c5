"""Messages about markets: their addresses, and what a posted trend may say."""

from __future__ import annotations

from opentrader.actors import messages
from tests.actors.messages.parsing import parsed, refused


def test_a_question_about_a_market_goes_to_the_analyzer_of_its_pair() -> None:
    for kind in (messages.TrendOf, messages.MarketOf, messages.ExplanationOf, messages.CandlesOf, messages.MrSignalOf):
        question = kind("BTCUSDT")
        assert (question.owner, question.key) == ("market_analyzer", "BTCUSDT")


def test_a_scan_has_one_owner_and_no_key() -> None:
    assert (messages.ScanMarkets().owner, messages.ScanMarkets().key) == ("scanner", None)


def test_candles_are_limited() -> None:
    assert parsed(messages.CandlesOf, symbol="BTC").limit == 200
    assert refused(messages.CandlesOf, symbol="BTC", limit=0) == {"limit"}
    assert refused(messages.CandlesOf, symbol="BTC", limit=1001) == {"limit"}
    assert refused(messages.CandlesOf, symbol="BTC", timeframe="2h") == {"timeframe"}


def test_a_posted_trend_keeps_what_its_author_says_of_an_indicator() -> None:
    trend = parsed(
        messages.StoreTrend, symbol="BTC", trend="uptrend", indicators={"ema": {"vote": "uptrend", "slope": 0.1}}
    )
    assert trend.indicators == {"ema": {"vote": "uptrend", "slope": 0.1}}
    assert (trend.timeframe, trend.score.uptrend) == ("1h", 0)
    assert refused(messages.StoreTrend, symbol="BTC", trend="moon") == {"trend"}
