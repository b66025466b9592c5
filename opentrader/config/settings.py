"""Settings: read once, validated once, every mistake reported in one run.

    argument or command line  >  environment  >  opentrader.toml  >  default

A setting `data_dir` is `--data-dir`, `OPENTRADER_DATA_DIR` and `data_dir = ...` in the file. Secrets have no
option, because other users of the machine can see a command line; each may be kept in a file instead:
`OPENTRADER_API_TOKEN_FILE`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from annotated_types import MinLen
from platformdirs import user_data_path
from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from opentrader.actors.messages import Email
from opentrader.config import sources
from opentrader.domain.symbols import SPELLING
from opentrader.domain.timeframes import Timeframe
from opentrader.errors import ConfigError
from opentrader.feed import FeedChoice, FilesChoice, SimulatedChoice, parse_feed

DEFAULT_WATCHLIST = ("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "AVAX")
SECRETS = ("api_token", "telegram_token")

# Pydantic describes these faults by patterns and items, which a reader has never seen.
_PLAIN = {"string_pattern_mismatch": "has the wrong format", "too_short": "is too short"}

# One property of the wire to the paper exchange.
_WIRE = r"(latency_ms=[0-9]+(\.[0-9]+)?|loss=(0?\.[0-9]+|0|1(\.0+)?)|(lag_ms|weight)=[0-9]+|push=(on|off))"


def _feed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_feed(value)
    except ConfigError as error:
        raise ValueError(f"{error.detail.removeprefix(f'feed {value!r}: ')}; {error.hint}") from None


def _paper_only(value: object) -> object:
    if value != "paper":
        raise ValueError("this version trades on the paper exchange only; use paper, or leave the setting out")
    return value


def _instant(value: object) -> datetime:
    """A date (00:00) or an instant; UTC unless a zone is given."""
    if isinstance(value, date) and not isinstance(value, datetime):  # as TOML writes a date
        value = datetime.combine(value, time())
    try:
        parsed = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        instant = parsed.replace(tzinfo=parsed.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("should be like 2024-04-15, 2024-04-15T12:00Z or 2024-04-15T14:00+02:00") from None
    if instant.year < 1970:
        raise ValueError("should be 1970 or later")
    return instant


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _names(value: object) -> object:
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


def _folder(value: object) -> object:
    return Path(value).expanduser() if isinstance(value, str) else value


Symbol = Annotated[str, Field(pattern=SPELLING, max_length=42)]
Folder = Annotated[Path, BeforeValidator(_folder)]


class Origin(NamedTuple):
    """One setting, its value, and the source of the value, as `check-config` prints them."""

    key: str
    value: str
    source: str


class Settings(BaseSettings):
    """All settings of the daemon and its tools; immutable.

    In-process use: `Settings(feed="simulated:7", port=0)`. Other settings come from the environment and the
    configuration file, as they do for the command line. Raises `ConfigError`, with one line for each bad key.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)

    config: Folder | None = Field(
        None,
        description="Path of the configuration file. Default: `opentrader.toml` in the current folder, if it exists.",
    )
    host: str = Field(
        "127.0.0.1",
        pattern=r"^[A-Za-z0-9.:_%-]{1,253}$",
        description="Address to listen on. Set a token before you listen beyond loopback.",
        examples=["127.0.0.1"],
    )
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free port.", examples=[8001])
    data_dir: Folder = Field(
        default_factory=lambda: user_data_path("opentrader", appauthor=False),
        description="Data folder, on a local disk.",
        examples=["./data"],
    )
    feed: Annotated[FeedChoice, BeforeValidator(_feed)] = Field(
        SimulatedChoice(),
        description="Source of candles: `simulated`, `simulated:SEED`, or `files:DIR` with files like"
        " `BTCUSDT-4h.csv.gz` (columns timestamp_ms,open,high,low,close,volume).",
        examples=["files:./candles"],
    )
    exchange: Annotated[str, BeforeValidator(_paper_only)] = Field(
        "paper", description="Exchange that receives orders: `paper`.", examples=["paper"]
    )
    at: Annotated[datetime, BeforeValidator(_instant)] | None = Field(
        None,
        description="Market time. `scan` and `analyze` show exactly this instant; `serve` with `files:` shifts"
        " the recorded candles by whole weeks, so that the current time falls in that week. Default zone: UTC;"
        " default time: 00:00.",
        examples=["2024-04-15T12:00Z"],
    )
    speed: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=False,
        description="Speed of market time relative to the wall clock.",
        examples=[60],
    )
    watchlist: Annotated[tuple[Symbol, ...], BeforeValidator(_names), MinLen(1)] = Field(
        DEFAULT_WATCHLIST, description="Symbols that a scan covers.", examples=["BTC,ETH"]
    )
    api_token: SecretStr | None = Field(
        None,
        description="Token that clients send as `Authorization: Bearer`, 32 characters or more; unset:"
        " authentication is off.",
    )
    api_token_file: Folder | None = Field(
        None, description="File that holds this token, readable by its owner only (mode 0600 or 0400)."
    )
    license_email: Email | None = Field(
        None, description="E-mail address that registers the free license at start.", examples=["me@example.com"]
    )
    license_name: Annotated[str, Field(min_length=1, max_length=120)] | None = Field(
        None, description="Name for the license; required with the e-mail address.", examples=["A. Trader"]
    )
    news_feeds: Annotated[tuple[str, ...], BeforeValidator(_names)] = Field(
        (),
        description="URLs of RSS or Atom feeds (https; http on loopback only).",
        examples=["https://example.com/rss"],
    )
    telegram_token: SecretStr | None = Field(None, description="Token of the Telegram bot that notifies the operator.")
    telegram_token_file: Folder | None = Field(
        None, description="File that holds this token, readable by its owner only (mode 0600 or 0400)."
    )
    telegram_chat_id: str | None = Field(
        None,
        pattern=r"^-?[0-9]{1,20}$|^@[A-Za-z0-9_]{5,32}$",
        description="Telegram chat that receives the messages.",
        examples=["123456789"],
    )
    telegram_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Base URL that replaces the Telegram Bot API.",
        examples=["http://127.0.0.1:9002"],
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        "info", description="Minimum level of log lines on stderr.", examples=["warning"]
    )
    commit: str = Field("dev", pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Build name that `/api/health` reports.")
    mr_timeframe: Timeframe = Field("4h", description="Timeframe of the mean-reversion bot.", examples=["1h"])
    mr_history: int = Field(
        1000, ge=200, le=10_000, description="Number of candles that the bot replays to estimate `ev`.", examples=[500]
    )
    mr_require_gate: bool = Field(
        False, description="Skip setups that fail the gate (`ev`, `confidence`).", examples=["true"]
    )
    paper_balance: str = Field(
        "USDT=10000",
        pattern=r"^[A-Z0-9]{1,20}=[0-9.]+(,[A-Z0-9]{1,20}=[0-9.]+)*$",
        description="Starting balance of a new paper account.",
        examples=["USDT=10000,BTC=0.5"],
    )
    paper_wire: str = Field(
        "",
        pattern=rf"^({_WIRE}(,{_WIRE})*)?$",
        description="How far away the paper exchange is: `latency_ms` of a whole call, `loss` as a share, `lag_ms` of"
        " reads and of pushed events, request `weight` a minute, `push=off` for no stream; unset: at hand.",
        examples=["latency_ms=300,loss=0.02,lag_ms=800,weight=6000,push=off"],
    )
    risk_per_trade_pct: Decimal = Field(
        Decimal("0.5"),
        gt=0,
        le=100,
        description="Maximum loss of one trade at its stop, in percent of equity.",
        examples=[0.5],
    )
    risk_max_notional_pct: Decimal = Field(
        Decimal(10), gt=0, le=100, description="Maximum notional of one position, in percent of equity.", examples=[10]
    )
    risk_max_open: int = Field(8, ge=0, description="Maximum number of open trades plus pending entries.", examples=[8])
    risk_max_trades_day: int = Field(
        3, ge=0, description="Maximum number of entries per UTC day, all bots together.", examples=[3]
    )
    risk_max_daily_loss_pct: Decimal = Field(
        Decimal(3),
        gt=0,
        le=100,
        description="Daily loss that stops new entries until 00:00 UTC, in percent of equity.",
        examples=[3],
    )
    risk_cooldown_sec: int = Field(
        0, ge=0, description="Seconds without new entries in a symbol after a stop-out.", examples=[3600]
    )
    risk_collar_pct: Decimal = Field(
        Decimal(5),
        gt=0,
        le=100,
        description="Maximum distance of a marketable limit price beyond the last price, in percent.",
        examples=[5],
    )
    signal_ttl_minutes: float = Field(
        5.0, gt=0, allow_inf_nan=False, description="Minutes until a pending signal expires.", examples=[5]
    )
    market_ttl_seconds: int = Field(
        3600, ge=0, description="Seconds that a cached analysis stays valid.", examples=[3600]
    )

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    def __init__(self, *, _spelled: Callable[[str], str] = "argument {}".format, **values: Any) -> None:
        given, origins, problems = _gather(sources.Layer(values, _spelled))
        try:
            super().__init__(**given)
        except ValidationError as error:
            problems += _problems(error, origins)
        if problems:
            raise ConfigError("\n".join(problems), hint="`opentrader check-config` shows every setting.")
        self._origins = origins

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only the values that `__init__` gathered: it records each source and finds unknown keys."""
        return (init_settings,)

    @field_validator("watchlist")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        upper = [name.upper() for name in names]
        twice = sorted({name for name in upper if upper.count(name) > 1})
        if twice:
            raise ValueError(f"names {', '.join(twice)} more than once")
        return names

    @field_validator("api_token")
    @classmethod
    def _fits_a_header(cls, token: SecretStr | None) -> SecretStr | None:
        """The token must fit an HTTP header; 32 characters are too many to guess."""
        if token is not None and not re.fullmatch("[!-~]{32,}", token.get_secret_value()):
            raise ValueError("should be 32 or more printable characters; `openssl rand -hex 32` generates a token")
        return token

    @field_validator("license_name")
    @classmethod
    def _both_or_none(cls, name: str | None, info: ValidationInfo) -> str | None:
        if "license_email" in info.data and (name is None) != (info.data["license_email"] is None):
            raise ValueError("the license needs license_email and license_name; set both or neither")
        return name

    @property
    def at_ms(self) -> int | None:
        """`at` in Unix milliseconds."""
        return None if self.at is None else round(self.at.timestamp() * 1000)

    def origins(self) -> list[Origin]:
        """Every setting in the order of the class: its value (secrets hidden) and where it came from."""
        values = {key: sources.shown(key, _text(getattr(self, key))) for key in type(self).model_fields}
        return [Origin(key, value, self._origins.get(key, sources.DEFAULT)) for key, value in values.items()]


def as_given(*, _spelled: Callable[[str], str], **given: Any) -> list[Origin]:
    """Every setting with its given or default value, valid or not: `check-config` prints these beside the errors."""
    found, origins, _ = _gather(sources.Layer(given, _spelled))
    fields = Settings.model_fields.items()
    values = {key: found.get(key, field.get_default(call_default_factory=True)) for key, field in fields}
    return [
        Origin(key, sources.shown(key, _text(value)), origins.get(key, sources.DEFAULT))
        for key, value in values.items()
    ]


def _text(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, FilesChoice | SimulatedChoice) else value


def _gather(arguments: sources.Layer) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """All given values, their sources, and the problems of those that cannot be read."""
    above = [arguments, sources.environment(os.environ)]
    named, _ = sources.merged(above)
    file, problems = sources.config_file(named.get("config"))
    layers = []
    for layer in (*above, file):
        read, refused = sources.with_secrets(layer, SECRETS)
        layers.append(read)
        problems += refused
    values, origins = sources.merged(layers)
    return values, origins, problems


def _problems(error: ValidationError, origins: dict[str, str]) -> list[str]:
    """One line for each key that pydantic refuses."""
    faults = {str(fault["loc"][0]): fault for fault in reversed(error.errors(include_url=False))}
    return [_problem(key, faults[key], origins.get(key, sources.DEFAULT)) for key in reversed(faults)]


def _problem(key: str, fault: ErrorDetails, origin: str) -> str:
    if fault["type"] == "extra_forbidden":
        return f"{origin}: {sources.did_you_mean(key, Settings.model_fields, origin)}"
    value = "" if origin == sources.DEFAULT else sources.shown(key, fault["input"])
    return sources.problem(key, value, origin, _advice(fault, Settings.model_fields[key].examples))


def _advice(fault: ErrorDetails, examples: list[Any] | None) -> str:
    """Advice for a refused value: our validators give it; to pydantic's message an example is added."""
    if fault["type"] == "value_error":
        return fault["msg"].removeprefix("Value error, ")
    text = _PLAIN.get(fault["type"]) or fault["msg"].replace("Input should", "should")
    return f"{text}; for example {examples[0]}" if examples else text
