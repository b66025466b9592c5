"""Numbers as a reader wants them."""

from __future__ import annotations

from bench.row import Figure, Result, Target, Unit

FEW = 4  # figures of a row that are told one by one


def amount(value: float | None, unit: Unit) -> str:
    """A value with its unit, to about three digits."""
    if value is None:
        return ""
    if unit == "s":
        return _duration(value)
    if unit == "x":
        return f"{_digits(value)}x"
    return f"{_digits(value)}{unit if unit == '1/s' else f' {unit}'}".replace("1/s", "/s").strip()


def _digits(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    text = f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return text.rstrip("0").rstrip(".")


def _duration(seconds: float) -> str:
    size = abs(seconds)
    if size >= 1:
        return f"{_digits(seconds)} s"
    return f"{_digits(seconds * 1e3)} ms" if size >= 1e-3 else f"{_digits(seconds * 1e6)} µs"


def bound(target: Target | None, unit: Unit) -> str:
    """A target as a condition."""
    if target is None:
        return ""
    return f"{'>=' if target.at_least else '<='} {amount(target.bound, unit)}"


def measured(figure: Figure) -> str:
    """The value, or why there is none."""
    return figure.reason or amount(figure.value, figure.unit)


def summary(result: Result) -> str:
    """What a row's line tells of its figures: each of a few, else how many reach their target and the worst."""
    judged = [figure for figure in result.figures if figure.target is not None]
    if not judged or result.failure:
        return result.reason
    if len(judged) <= FEW:
        return "; ".join(_told(figure) for figure in judged)
    met = sum(figure.verdict == "met" for figure in judged)
    worst = max(judged, key=distance)
    return f"{met} of {len(judged)} figures reach their target; furthest from it: {_told(worst)}"


def _told(figure: Figure) -> str:
    if figure.value is None:
        return f"{figure.name}: {figure.reason}"
    return f"{figure.name} {measured(figure)} ({bound(figure.target, figure.unit)})"


def distance(figure: Figure) -> float:
    """How many times as far from good as its target allows; above 1 it falls short."""
    if figure.value is None or figure.target is None:
        return 0.0
    value, limit = max(figure.value, 1e-12), max(figure.target.bound, 1e-12)
    return limit / value if figure.target.at_least else value / limit
