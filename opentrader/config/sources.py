"""The sources of settings: arguments, environment, configuration file.

Each source is a `Layer`; the first layer with a key wins. Nothing is validated here. Every `OPENTRADER_*` variable
and every key of the file is read, so that a misspelled one is reported.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

PREFIX = "OPENTRADER_"
DEFAULT_FILE = Path("opentrader.toml")
HIDDEN = "******"
DEFAULT = "default"

# Variables whose names other tools have fixed.
_FOREIGN = {"GIT_COMMIT": "commit"}
_WORDS_OF_SECRETS = ("token", "secret", "password", "key")


class Layer(NamedTuple):
    """The settings of one source, and the spelling of a key there."""

    values: Mapping[str, Any]
    spelled: Callable[[str], str]


def problem(key: str, value: str, origin: str, advice: str) -> str:
    """One line about an unusable key: its value, its source, and the fix."""
    return f"{key} = {value} ({origin}): {advice}" if value else f"{key} ({origin}): {advice}"


def variable(key: str) -> str:
    """The environment variable of a setting."""
    foreign = {name: variable for variable, name in _FOREIGN.items()}
    return foreign.get(key, PREFIX + key.upper())


def option(key: str) -> str:
    """The command line option of a setting."""
    return "--" + key.replace("_", "-")


def shown(key: str, value: object) -> str:
    """The printable form of a value; secrets are hidden."""
    if value is None:
        return "none"
    if _is_secret(key):
        return HIDDEN
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_secret(key: str) -> bool:
    return not key.endswith("_file") and any(word in key.split("_") for word in _WORDS_OF_SECRETS)


def environment(variables: Mapping[str, str]) -> Layer:
    """The settings of the environment. An empty variable counts as unset, because compose files cannot omit one."""
    full = {name: text for name, text in variables.items() if text}
    ours = {name.removeprefix(PREFIX).lower(): text for name, text in full.items() if name.startswith(PREFIX)}
    foreign = {key: full[name] for name, key in _FOREIGN.items() if name in full}
    return Layer(ours | foreign, variable)


def config_file(named: object) -> tuple[Layer, list[str]]:
    """The settings of the named configuration file, else of `opentrader.toml` in the current folder, if it exists."""
    path = DEFAULT_FILE if named is None else Path(str(named)).expanduser()
    empty = Layer({}, lambda _key: str(path))
    if named is None and not path.is_file():
        return empty, []
    try:
        with path.open("rb") as file:
            layer = Layer(tomllib.load(file), lambda key: f"{path}, {key}")
            return layer, _exposed(layer, path, os.fstat(file.fileno()).st_mode)
    except OSError as error:
        advice = f"cannot be read: {error.strerror}; name an existing file, or leave the setting out"
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError alike
        advice = f'is not valid TOML: {error}; valid lines are  port = 8001  or  watchlist = ["BTC", "ETH"]'
    return empty, [problem("config", str(path), "the configuration file", advice)]


def _exposed(layer: Layer, path: Path, mode: int) -> list[str]:
    """One problem for each secret in a file that other users can read."""
    if not _open_to_others(path, mode):
        return []
    return [problem(key, HIDDEN, layer.spelled(key), _advice(path)) for key in layer.values if _is_secret(key)]


def _advice(path: Path) -> str:
    return f"other users of this machine can read it; run chmod 600 {path}"


def with_secrets(layer: Layer, secrets: Collection[str]) -> tuple[Layer, list[str]]:
    """The layer with `KEY` read from the file that its `KEY_file` names."""
    values, spelled = dict(layer.values), layer.spelled
    origins, problems = {}, []
    for key in secrets:
        file_key = f"{key}_file"
        if values.get(file_key) is None:
            continue
        origins[key] = spelled(file_key)
        text, refusal = _secret(Path(str(values[file_key])).expanduser())
        if values.get(key) is not None:
            refusal = f"{spelled(key)} is set as well; keep one of the two"
        if refusal:
            problems.append(problem(file_key, str(values[file_key]), spelled(file_key), refusal))
        else:
            values[key] = text
    return Layer(values, lambda key: origins.get(key) or spelled(key)), problems


def _secret(path: Path) -> tuple[str, str]:
    """The secret in a file, and the reason for a refusal ("" when accepted)."""
    try:
        with path.open(encoding="utf-8") as file:
            if _open_to_others(path, os.fstat(file.fileno()).st_mode):
                return "", _advice(path)
            return file.read().strip(), ""
    except OSError as error:
        return "", f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return "", "is not text"


def _open_to_others(path: Path, mode: int) -> bool:
    """Whether group or world may use the file.

    systemd grants one user access to a credential by an access list, which shows as a group permission; the folder
    around it is closed to all others.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and path.resolve().is_relative_to(Path(credentials).resolve()):
        return False
    return bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


def merged(layers: Sequence[Layer]) -> tuple[dict[str, Any], dict[str, str]]:
    """The value and the source of every key that any layer sets."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in reversed(layers):
        values |= layer.values
        origins |= {key: layer.spelled(key) for key in layer.values}
    return values, origins


def did_you_mean(key: str, known: Iterable[str], origin: str) -> str:
    """Advice for an unknown key, in the spelling of its source."""
    close = get_close_matches(key.replace("-", "_").lower(), list(known), n=1, cutoff=0.7)
    if not close:
        return "there is no such setting; `opentrader check-config` lists them all"
    spelled = variable(close[0]) if origin.startswith(PREFIX) else close[0]
    spelled = option(close[0]) if origin.startswith("--") else spelled
    return f"there is no such setting; did you mean {spelled}?"
