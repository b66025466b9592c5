"""Which parts the settings choose, their limits, and the order of the actors."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from opentrader.actors.runtime.supervision.supervisor import Supervisor
from opentrader.config.settings import Settings
from opentrader.domain.trading.exchange import NewOrder
from opentrader.domain.trading.ledger import IDEMPOTENCY_SECONDS, Reservation
from opentrader.domain.trading.venue import Accepted, Balance, Refused
from opentrader.errors import ConfigError
from opentrader.store import Store
from opentrader.store.tables import idempotency
from opentrader.store.tables.idempotency import IdempotencyTable
from opentrader.system import composition
from opentrader.system.market import Market
from opentrader.telegram import Bot, Silent
from tests.exchange.paper.scene import START, Tape
from tests.fakes.clock import NOW, StillClock
from tests.fakes.kernels import WarmKernels

pytestmark = pytest.mark.usefixtures("bare")
TOKEN = "123456:" + "A" * 35
MARKET = Market(cast(Any, Tape({"BTCUSDT": 100.0, "SOLUSDT": 10.0})), StillClock(START))


def settings(**given: Any) -> Settings:
    return Settings(**{"data_dir": Path("data"), "watchlist": "BTC,SOL", **given})


class Added:
    """Takes the actors as a supervisor does, and starts none; it has no snapshot to look at yet."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.vital: list[str] = []

    def add(self, name: str, factory: object, *, vital: bool = False) -> None:
        self.names.append(name)
        self.vital += [name] if vital else []

    add_family = add


async def added(store: Store, **given: Any) -> Added:
    adapters = await composition.adapters_of(store, MARKET, cast(Any, None), cast(Any, WarmKernels()))
    supervisor = Added()
    composition.add_actors(cast(Supervisor, supervisor), settings(**given), adapters, licensed=lambda: True)
    return supervisor


# --- actors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "asking"),
    [
        ("telegram_desk", "signal_book"),
        ("market_analyzer", "scanner"),
        ("market_analyzer", "mr_combined"),
        ("signal_book", "mr_combined"),
        ("position_manager", "pending_entry_watcher"),
    ],
)
async def test_an_actor_is_added_after_those_that_it_asks(store: Store, asked: str, asking: str) -> None:
    names = (await added(store)).names
    assert names.index(asked) < names.index(asking)


async def test_each_owner_of_state_is_added_once(store: Store) -> None:
    names = (await added(store)).names
    assert len(names) == len(set(names))


async def test_k12_only_the_trading_core_is_vital(store: Store) -> None:
    assert (await added(store)).vital == ["position_manager"]


async def test_k11_a_symbol_of_the_watchlist_that_is_not_listed_is_left_out_with_a_warning(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    assert "scanner" in (await added(store, watchlist="BTC,NOPE")).names
    assert [record.getMessage() for record in caplog.records] == ["NOPE of the watchlist is not listed, and left out"]


# --- adapters ----------------------------------------------------------------------------------------------------


async def test_an_installation_keeps_its_identity(store: Store) -> None:
    first, again = [
        await composition.adapters_of(store, MARKET, cast(Any, None), cast(Any, WarmKernels())) for _ in "ab"
    ]
    assert (again.identity, again.instance) == (first.identity, first.instance)
    assert len(first.instance) == 4


@pytest.mark.parametrize(("speed", "window_ms"), [(0.5, 3_000), (1, 3_000), (60, 180_000)])
async def test_the_exchange_has_the_balance_of_the_settings_and_a_window_in_market_time(
    tmp_path: Path, speed: float, window_ms: int
) -> None:
    given = settings(data_dir=tmp_path, speed=speed, paper_balance="USDT=500,BTC=2")
    exchange = await composition.open_exchange(given, MARKET, lambda reason: None)
    try:
        assert await exchange.balances() == {
            "USDT": Balance(Decimal(500), Decimal(0)),
            "BTC": Balance(Decimal(2), Decimal(0)),
        }
        sell = partial(NewOrder, symbol="BTCUSDT", side="sell", type="MARKET", qty=Decimal(1))
        assert isinstance(await exchange.place(sell(cid="late", sent_at=START - window_ms - 1)), Refused)
        assert isinstance(await exchange.place(sell(cid="timely", sent_at=START - window_ms)), Accepted)
    finally:
        exchange.close()


def test_without_a_token_and_a_chat_there_is_no_bot() -> None:
    assert isinstance(composition.messenger_of(settings()), Silent)


def test_a_bot_speaks_to_telegram_or_to_the_address_of_the_settings() -> None:
    bot = partial(settings, telegram_token=TOKEN, telegram_chat_id="1")
    plain, moved = composition.messenger_of(bot()), composition.messenger_of(bot(telegram_url="http://127.0.0.1:9002"))
    assert isinstance(plain, Bot)
    assert (repr(plain), repr(moved)) == ("<Bot at api.telegram.org>", "<Bot at 127.0.0.1>")


def test_a_malformed_token_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError) as raised:
        composition.messenger_of(settings(telegram_token="secret-word", telegram_chat_id="1"))
    assert "secret-word" not in str(raised.value)


def test_every_limit_of_the_settings_is_a_limit_of_the_trades() -> None:
    limits = {
        "per_trade_pct": Decimal("0.25"),
        "max_notional_pct": Decimal(7),
        "max_open": 5,
        "max_trades_day": 4,
        "max_daily_loss_pct": Decimal(2),
        "cooldown_sec": 90,
        "collar_pct": Decimal(1),
    }
    risk = composition.risk_of(settings(**{f"risk_{name}": value for name, value in limits.items()}))
    assert {name: getattr(risk, name) for name in risk.__dataclass_fields__} == limits


async def test_each_hour_leaves_a_backup_and_no_expired_key(store: Store, tmp_path: Path) -> None:
    keys, at = IdempotencyTable(store), int(NOW)
    await keys.reserve(Reservation("old", "POST", "/api/trade", "f", at - IDEMPOTENCY_SECONDS, ""))
    await keys.reserve(Reservation("young", "POST", "/api/trade", "f", at - 1, ""))
    for key in ("old", "young"):
        await keys.finish(key, 200, b"{}")
    await composition.tidied(settings(data_dir=tmp_path / "data"), store, StillClock(), NOW)
    # Looked up at the time of the reservation, so that only a deleted row is missing.
    found = [store.read(partial(idempotency.lookup, key=key, at=at - IDEMPOTENCY_SECONDS)) for key in ("old", "young")]
    assert [one is not None for one in found] == [False, True]
    assert [path.name for path in (tmp_path / "data" / "backups").iterdir()] == ["hourly-20240427T120000Z.db"]
