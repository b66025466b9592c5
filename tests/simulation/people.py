"""Who acts: traders by request, an operator, and the user's own hands on the venue. Each at random, each by itself."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message
from opentrader.domain.trading.exchange import NewOrder
from opentrader.domain.trading.lifecycle import Trade
from opentrader.exchange.paper.ledger.ledger import deposit
from tests.simulation.market import LISTINGS

if TYPE_CHECKING:
    from tests.simulation.daemon import Answer
    from tests.simulation.simulation import Simulation

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
OPERATOR_SECONDS = 300.0
ATTEND_SECONDS = 20.0  # between two looks of the operator at what stands in quarantine
LEVELS_SECONDS = 120.0  # between two moves of the levels of a protected trade
RETRIES = 3
REPEATS_SECONDS = 150.0  # between two looks of a client through its old requests
OLD_REQUESTS = 24  # with a key, that it still repeats
CUT_SECONDS = 0.2  # mean time from such a request to the crash that cuts it off
STORM = 600  # requests of an impatient client


@dataclass(frozen=True, slots=True)
class Tastes:
    """What traders want. `between`: mean seconds between two requests. `often`: of market and limit entries, closes,
    sales, closealls and raised stops. `widest` stop in percent, `lowest` limit as a fraction below the last price,
    `reward`: the target of a limit entry as a multiple of its stop.
    """

    symbols: tuple[str, ...] = SYMBOLS
    between: float = 240.0
    often: tuple[int, ...] = (50, 20, 14, 4, 2, 10)
    widest: float = 2.5
    lowest: float = 0.02
    reward: float = 2.0


USUAL = Tastes()
MANY_OF_FEW = ("SOLUSDT", "SOLUSDT", "SOLUSDT", "ETHUSDT")
CROWD = Tastes(MANY_OF_FEW, 60.0, (20, 70, 3, 1, 1, 2), widest=0.7, lowest=0.004, reward=1.0)


class People:
    def __init__(self, simulation: Simulation) -> None:
        self._sim = simulation
        self._traders, self._operator, self._hands = map(simulation.stream, ("traders", "operator", "hands"))
        self._tastes = CROWD if simulation.weather.climate.crowd else USUAL
        self._keys = 0
        self._acted: deque[tuple[Message[Any], str]] = deque(maxlen=OLD_REQUESTS)

    def start(self) -> None:
        climate = self._sim.weather.climate
        self._again(self._tastes.between, self._traders, self._trade)
        self._again(OPERATOR_SECONDS, self._operator, self._operate)
        self._again(ATTEND_SECONDS, self._sim.stream("quarantines"), self._attend)
        self._again(LEVELS_SECONDS, self._sim.stream("levels"), self._move_levels)
        self._again(REPEATS_SECONDS, self._sim.stream("repeats"), self._repeat)
        if climate.kills:
            self._again(climate.kills, self._sim.stream("cuts"), self._cut_off)
        if climate.storms:
            self._again(20.0, self._sim.stream("storms"), self._storm)
        if climate.hands:
            self._again(climate.hands, self._hands, self._interfere)

    def _again(self, mean: float, random: Random, act: Callable[[Random], Coroutine[Any, Any, None]]) -> None:
        async def forever() -> None:
            while True:
                await asyncio.sleep(random.expovariate(1 / mean))
                self._sim.spawn(act(random))

        self._sim.spawn(forever())

    # --- traders

    async def _trade(self, random: Random) -> None:
        symbol = random.choice(self._tastes.symbols)
        kinds: tuple[Callable[[Random, str], Message[Any]], ...] = (self._entry, self._manual, self._close)
        (make,) = random.choices((*kinds, self._sale, self._everything, self._trail), self._tastes.often)
        message, key = make(random, symbol), self._key(random)
        if make in {self._close, self._sale, self._everything}:
            self._remember(message, key)
        await self._insist(random, message, key)

    def _remember(self, message: Message[Any], key: str | None) -> None:
        if key is not None:
            self._acted.append((message, key))

    def _entry(self, random: Random, symbol: str) -> Message[Any]:
        sl = round(random.uniform(0.4, self._tastes.widest), 2)
        tp = round(sl * random.uniform(1.0, 3.0), 2)
        return messages.ExecuteTrade(symbol, "buy", bot="sim", sl=sl, tp=tp, ev=30, confidence=9)

    def _manual(self, random: Random, symbol: str) -> Message[Any]:
        last = float(self._sim.prices.price(symbol, self._sim.clock.market_ms()))
        px = round(last * (1 - random.uniform(-0.001, self._tastes.lowest)), 2)
        sl = round(random.uniform(0.4, self._tastes.widest), 2)
        tp, hours = round(self._tastes.reward * sl, 2), round(random.uniform(0.1, 4), 2)
        return messages.PlaceManual(symbol, "buy", entry_px=px, sl_pct=sl, tp_pct=tp, ttl_hours=hours)

    def _close(self, random: Random, symbol: str) -> Message[Any]:
        return messages.ClosePosition(symbol)

    def _sale(self, random: Random, symbol: str) -> Message[Any]:
        return messages.ExecuteTrade(symbol, "sell", bot="sim", sl=1, tp=2, ev=30, confidence=9)

    def _everything(self, random: Random, symbol: str) -> Message[Any]:
        return messages.CloseAll(cancel_pending=random.random() < 0.5)

    def _trail(self, random: Random, symbol: str) -> Message[Any]:
        return messages.UpdateTrailing()

    def _key(self, random: Random) -> str | None:
        self._keys += 1
        return f"key-{self._keys}" if random.random() < 0.7 else None

    async def _insist(self, random: Random, message: Message[Any], key: str | None) -> Answer:
        """Repeat what was not answered, or not well, with the same key; without a key nobody should."""
        answer = await self._sim.request(message, key)
        for _ in range(RETRIES):
            if key is None or 0 < answer.status < 500:
                break
            await asyncio.sleep(random.uniform(2, 30))
            answer = await self._sim.request(message, key)
        return answer

    async def _repeat(self, random: Random) -> None:
        """A close, closeall, sell, drop or move of long ago, once more: it says nothing about what came later."""
        if self._acted:
            await self._sim.request(*random.choice(self._acted))

    async def _cut_off(self, random: Random) -> None:
        """A close with a key, and a crash before or while it is carried out. Repeated soon, or after long."""
        make = random.choice((self._close, self._everything, self._sale))
        message, key = make(random, random.choice(SYMBOLS)), f"cut-{self._sim.loop.time():.3f}"
        asking = asyncio.ensure_future(self._sim.request(message, key))
        await asyncio.sleep(random.expovariate(1 / CUT_SECONDS))
        self._sim.kill()
        await asking
        self._remember(message, key)

    async def _storm(self, random: Random) -> None:
        """A client that sends the same thing ten times a second while the venue takes its time."""
        if not self._sim.weather.now("latency"):
            return
        symbol = random.choice(SYMBOLS)
        make = random.choice((self._close, self._entry))
        for _ in range(STORM):
            self._sim.spawn(self._sim.request(make(random, symbol)))
            await asyncio.sleep(0.1)

    # --- the operator

    async def _attend(self, random: Random) -> None:
        """Closes or drops what stands in quarantine; again and again, until it has ended."""
        for trade in self._trades("QUARANTINE"):
            self._sim.judge.overruled(trade.intent.id[-8:])
            drops = random.random() < 0.5
            message = messages.DropTrade(trade.intent.id) if drops else messages.ClosePosition(trade.intent.symbol)
            self._sim.spawn(self._press(random, message))

    async def _operate(self, random: Random) -> None:
        """Now and then halts, resumes, and takes a waiting entry back."""
        daemon = self._sim.daemon
        if daemon is None or not daemon.ready:
            return
        snapshot = daemon.snapshot()
        for symbol in snapshot.halts:
            await self._sim.request(messages.Resume(symbol=symbol))
        if snapshot.control.halted:
            await self._sim.request(messages.Resume())
        elif random.random() < 0.05:
            await self._sim.request(messages.Halt(reason="a look around", cancel_pending=random.random() < 0.3))
        pending = snapshot.pending()
        if pending and random.random() < 0.1:
            await self._sim.request(messages.CancelEntry(random.choice(pending).intent.id))

    async def _move_levels(self, random: Random) -> None:
        """Some moves are refused: a stop below the first one, levels on the wrong side of the price, too many."""
        if not (trades := self._trades("PROTECTED")):
            return
        intent = random.choice(trades).intent
        last = float(self._price(intent.symbol))
        sl, tp = random.uniform(0.995 * float(intent.sl), last), random.uniform(0.999, 1.04) * last
        which = random.choice(("stop", "target", "both"))
        message = messages.MoveLevels(
            intent.id,
            sl_px=None if which == "target" else round(sl, 2),
            tp_px=None if which == "stop" else round(tp, 2),
        )
        await self._press(random, message)

    async def _press(self, random: Random, message: Message[Any]) -> None:
        key = self._key(random)
        self._remember(message, key)
        await self._insist(random, message, key)

    def _trades(self, label: str) -> list[Trade]:
        daemon = self._sim.daemon
        trades = daemon.snapshot().trades if daemon is not None and daemon.ready else ()
        return [trade for trade in trades if trade.label == label]

    # --- the user's own hands

    async def _interfere(self, random: Random) -> None:
        """On the venue, behind our back: coins come and go, and now and then one of our exits is canceled."""
        symbol, crowd = random.choice(self._tastes.symbols), self._sim.weather.climate.crowd
        acts = (self._move_money, self._buy, self._cancel_ours, self._bring, self._take, self._sell)
        (act,) = random.choices(acts, (5, 3, 2, *((5, 5, 5) if crowd else (0, 0, 0))))
        await act(random, symbol, LISTINGS[symbol].base)

    async def _move_money(self, random: Random, symbol: str, base: str) -> None:
        """Deposits and withdrawals of USDT."""
        amount = Decimal(str(round(random.uniform(-500, 1_000), 2)))
        held = (await self._sim.paper.balances())["USDT"]
        if amount > 0 or held.free + amount > 1_000:
            await self._sim.ledger.write(partial(deposit, asset="USDT", amount=amount, at=self._sim.clock.market_ms()))

    async def _buy(self, random: Random, symbol: str, base: str) -> None:
        now = self._sim.clock.market_ms()
        filters = await self._sim.paper.filters(symbol)
        qty = filters.floor(Decimal(50) / self._sim.prices.price(symbol, now))
        await self._sim.paper.place(NewOrder(f"web-{now}", symbol, "buy", "MARKET", qty, now))

    async def _bring(self, random: Random, symbol: str, base: str) -> None:
        await self._move(base, Decimal(50) / self._price(symbol))

    async def _take(self, random: Random, symbol: str, base: str) -> None:
        """Withdraw half of the coins that are the user's own."""
        await self._move(base, -await self._own(base) / 2)

    async def _sell(self, random: Random, symbol: str, base: str) -> None:
        """Sell a third of them."""
        now, filters = self._sim.clock.market_ms(), await self._sim.paper.filters(symbol)
        qty = filters.floor(await self._own(base) / 3)
        if qty * self._price(symbol) > filters.min_notional:
            self._sim.weather.seen["sold by hand"] += 1
            await self._sim.paper.place(NewOrder(f"web-{now}", symbol, "sell", "MARKET", qty, now))

    async def _own(self, base: str) -> Decimal:
        """The coins that are free, and that no trade of ours has bought."""
        held = (await self._sim.paper.balances())[base]
        return max(Decimal(0), min(held.free, held.total - self._sim.judge.held(base)))

    async def _move(self, base: str, amount: Decimal) -> None:
        amount = amount.quantize(Decimal("0.00001"), ROUND_DOWN)
        self._sim.weather.seen["coins brought" if amount > 0 else "coins taken"] += 1
        await self._sim.ledger.write(partial(deposit, asset=base, amount=amount, at=self._sim.clock.market_ms()))

    def _price(self, symbol: str) -> Decimal:
        return self._sim.prices.price(symbol, self._sim.clock.market_ms())

    async def _cancel_ours(self, random: Random, symbol: str, base: str) -> None:
        orders = [order for order in await self._sim.paper.open_orders(symbol) if order.side == "sell"]
        if orders:
            await self._sim.paper.cancel(symbol, random.choice(orders).cid)
