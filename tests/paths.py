"""Where the repository is, for tests that run or read its files."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
