"""Settings as tests give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opentrader.config.settings import Settings
from opentrader.errors import ConfigError

TOKEN = "0123456789abcdef0123456789abcdef"


def refused(**values: Any) -> list[str]:
    """The lines about settings that cannot be used."""
    with pytest.raises(ConfigError) as caught:
        Settings(**values)
    return caught.value.detail.splitlines()


def secret_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "token"
    path.write_text(text)
    path.chmod(mode)
    return path


def source_of(settings: Settings, key: str) -> str:
    return {origin.key: origin.source for origin in settings.origins()}[key]
