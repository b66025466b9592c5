"""Turns the output vectors of the kernels into domain values, for a batch and for an incremental state."""

from __future__ import annotations

from opentrader.domain.analysis.candles import CandleInfo, quality, stale
from opentrader.domain.analysis.market import (
    HtfDetail,
    HtfLayer,
    MacroPhase,
    MarketContext,
    MtfDetail,
    MtfLayer,
    TraceEntry,
)
from opentrader.domain.analysis.mean_reversion import (
    BOT,
    CHECKS,
    Bracket,
    MrSignal,
    NoSetup,
    Replay,
    prospect,
)
from opentrader.domain.analysis.parameters import Analysis, MeanReversion
from opentrader.domain.analysis.priority import MarketFacts, decide
from opentrader.domain.analysis.trend import VOTERS, IndicatorVote, Score, TrendResult, majority, spelled, tally
from opentrader.domain.timeframes import TF_MS, Timeframe

from . import labels
from .kernels import readings as at
from .labels import optional, optionals

Reading = list[float]

REASONS = ("", "no_setup", "sl_too_wide", "rr_too_low")


def info(reading: Reading, timeframe: Timeframe, now_ms: int | None, p: Analysis) -> CandleInfo:
    """Quality of the candles behind a reading."""
    bars, last_ts, gaps, flat = reading[: at.QUALITY_END]
    old = now_ms is not None and bars > 0 and stale(last_ts, TF_MS[timeframe], now_ms, p)
    return CandleInfo(int(bars), int(gaps), flat != 0, old)


def timestamp(reading: Reading, timeframe: Timeframe, now_ms: int | None) -> int:
    """Unix seconds: now; in a replay the close of the last candle, 0 without one."""
    if now_ms is not None:
        return now_ms // 1000
    return int(reading[at.LAST_TS] + TF_MS[timeframe]) // 1000 if reading[at.BARS] else 0


def macro_phase(score: float) -> MacroPhase:
    if score >= 2:
        return "bull"
    return "bear" if score <= -2 else "range"


def htf_layer(reading: Reading) -> HtfLayer:
    length, score, position, liquidity = reading[at.MACRO_LEN : at.RANGE_HIGH]
    high, low, share, level, distance, atr = optionals(reading[at.RANGE_HIGH : at.HTF_END])
    return HtfLayer(
        macro_phase=macro_phase(score),
        range_position=labels.POSITIONS[int(position)],
        liquidity_profile=labels.LIQUIDITY[int(liquidity)],
        range_high=high,
        range_low=low,
        detail=HtfDetail(
            macro_ma_len=int(length),
            macro_score=int(score),
            range_pct=share,
            liquidity_level=level,
            liquidity_dist_atr=distance,
            atr_val=atr,
        ),
    )


def market(
    htf_reading: Reading,
    mtf_reading: Reading,
    *,
    symbol: str,
    htf_tf: Timeframe,
    mtf_tf: Timeframe,
    now_ms: int | None,
    p: Analysis,
) -> MarketContext:
    """Decide, and combine both layers and the trace."""
    htf = htf_layer(htf_reading)
    fault = data_fault(htf=htf_reading, mtf=mtf_reading, htf_tf=htf_tf, mtf_tf=mtf_tf, now_ms=now_ms, p=p)
    verdict = decide(facts(fault, htf, mtf_reading))
    mtf = mtf_layer(mtf_reading, verdict.trace)
    seconds = timestamp(mtf_reading, mtf_tf, now_ms)
    return MarketContext(
        symbol=symbol,
        htf_tf=htf_tf,
        mtf_tf=mtf_tf,
        htf=htf,
        mtf=mtf,
        priority_decision=verdict.decision,
        no_trade_reason=verdict.reason,
        timestamp=seconds,
    )


def facts(fault: str, htf: HtfLayer, reading: Reading) -> MarketFacts:
    return MarketFacts(
        quality=fault,
        regime=labels.REGIMES[int(reading[at.REGIME])],
        direction=int(reading[at.DIRECTION]),
        macro=htf.macro_phase,
        position=htf.range_position,
        liquidity=htf.liquidity_profile,
        bos_mode=labels.BOS_MODES[int(reading[at.BOS_MODE])],
        trend_age=labels.TREND_AGES[int(reading[at.TREND_AGE])],
    )


def mtf_layer(reading: Reading, trace: tuple[TraceEntry, ...]) -> MtfLayer:
    regime, direction, mode, age, bias = reading[at.REGIME : at.BOS_KIND]
    name = labels.REGIMES[int(regime)]
    return MtfLayer(
        regime=name,
        trend_direction=labels.DIRECTIONS[int(direction)],
        bos_mode=labels.BOS_MODES[int(mode)],
        trend_age=labels.TREND_AGES[int(age)],
        compression_bias=labels.DIRECTIONS[int(bias)],
        volatile_chop=name == "volatile_chop",
        atr_val=optional(reading[at.MTF_ATR]),
        detail=mtf_detail(reading, trace),
    )


def mtf_detail(reading: Reading, trace: tuple[TraceEntry, ...]) -> MtfDetail:
    kind, count, squeezed = reading[at.BOS_KIND : at.MTF_ATR]
    level, ago, distance, high, low, adx, er, chop, ratio, squeeze = optionals(reading[at.BOS_LEVEL : at.MTF_END])
    return MtfDetail(
        bos_level=level,
        bos_kind=labels.BOS_KINDS[int(kind)],
        bos_count=int(count),
        bos_bars_ago=None if ago is None else int(ago),
        bos_dist_atr=distance,
        swing_high=high,
        swing_low=low,
        adx=adx,
        er=er,
        chop=chop,
        atr_ratio=ratio,
        squeeze=squeeze,
        squeeze_bars=int(squeezed),
        priority_trace=trace,
    )


def data_fault(
    htf: Reading, mtf: Reading, htf_tf: Timeframe, mtf_tf: Timeframe, now_ms: int | None, p: Analysis
) -> str:
    """Why the data are not good enough for a decision, the middle timeframe first; "" if they are."""
    reason = quality(info(mtf, mtf_tf, now_ms, p), p.warmup, p)
    reason = reason or quality(info(htf, htf_tf, now_ms, p), p.macro_need, p)
    unmeasured = not mtf[at.REGIME] or not htf[at.MACRO_LEN] or htf[at.HTF_ATR] == 0
    return reason or ("insufficient_data" if unmeasured else "")


def trend(
    reading: Reading, *, symbol: str, source: str, timeframe: Timeframe, now_ms: int | None, p: Analysis
) -> TrendResult:
    """Count the votes and name the regime."""
    fault = quality(info(reading, timeframe, now_ms, p), p.warmup, p)
    regime = labels.REGIMES[int(reading[at.REGIME])]
    seconds = timestamp(reading, timeframe, now_ms)
    if fault or regime == "unknown":
        reason = fault or regime
        return TrendResult(
            symbol=symbol,
            timeframe=timeframe,
            source=source,
            type="crypto",
            trend="unknown",
            regime="unknown",
            no_trade=True,
            no_trade_reason=reason,
            score=Score(0, 0, 0),
            indicators={},
            timestamp=seconds,
        )
    votes = tuple(labels.VOTES[int(code)] for code in reading[at.VOTES : at.TREND_END])
    score = tally(votes)
    direction = majority(score, least=p.vote_min, margin=p.vote_margin)
    spelling = spelled(regime, int(reading[at.DIRECTION]), direction)
    idle = spelling in ("volatile_chop", "compression")
    return TrendResult(
        symbol=symbol,
        timeframe=timeframe,
        source=source,
        type="crypto",
        trend=direction,
        regime=spelling,
        no_trade=idle,
        no_trade_reason=spelling if idle else "",
        score=score,
        indicators=dict(zip(VOTERS, map(IndicatorVote, votes), strict=True)),
        timestamp=seconds,
    )


def mean_reversion(
    reading: Reading,
    *,
    symbol: str,
    timeframe: Timeframe,
    now_ms: int | None,
    p: Analysis,
    mr: MeanReversion,
) -> MrSignal | NoSetup:
    """The setup at the last candle with its expected value, or the reason why there is none."""
    fault = quality(info(reading, timeframe, now_ms, p), p.warmup, p)
    bar_ts = int(reading[at.LAST_TS]) if reading[at.BARS] else None
    reason = fault or REASONS[int(reading[at.VERDICT])]
    if reason or bar_ts is None:
        return NoSetup(symbol, reason, bar_ts)
    (
        regime,
        side,
        _,
        buy,
        sell,
        trades,
        wins,
        excess,
        price,
        sl_pct,
        tp_pct,
        tp1_pct,
        tp2_pct,
        rsi,
        hist,
        lower,
        upper,
        middle,
        volume,
        adx,
        k,
        support,
        resistance,
    ) = reading[at.QUALITY_END : at.MR_END]
    bits = int(buy if side > 0 else sell)
    outlook = prospect(
        Bracket(sl_pct, tp_pct, tp1_pct, tp2_pct),
        bits.bit_count(),
        labels.REGIMES[int(regime)],
        Replay(int(trades), int(wins), excess),
        mr,
    )
    return MrSignal(
        symbol=symbol,
        direction="buy" if side > 0 else "sell",
        bot=BOT,
        price=price,
        sl_pct=sl_pct,
        tp_pct=tp_pct,
        tp1_pct=tp1_pct,
        tp2_pct=tp2_pct,
        checklist=tuple((check, bool(bits >> n & 1)) for n, check in enumerate(CHECKS)),
        passed=bits.bit_count(),
        total=len(CHECKS),
        buy_signals=int(buy).bit_count(),
        sell_signals=int(sell).bit_count(),
        rsi=rsi,
        macd_hist=hist,
        bb_lower=lower,
        bb_upper=upper,
        bb_mid=middle,
        vol_ratio=optional(volume),
        adx=adx,
        stoch_k=k,
        range_support=support,
        range_resistance=resistance,
        range_midline=(resistance + support) / 2,
        ev=outlook.ev,
        confidence=outlook.confidence,
        gate_ok=outlook.gate_ok,
        detail=outlook.detail,
        bar_ts=bar_ts,
    )
