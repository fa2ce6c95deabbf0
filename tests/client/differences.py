"""The deliberate differences from 1.5.0: what docs/migrating.md says of them, and which tests show them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., object])


def guide() -> str:
    root = Path(__file__).resolve().parents[2]
    return (root / "docs" / "migrating.md").read_text(encoding="utf-8")


class Differences:
    """The differences in a section of the guide, each with its reason."""

    def __init__(self, section: str, reasons: dict[str, str]) -> None:
        self.section = section
        self.reasons = reasons
        self.shown: set[str] = set()

    def shows(self, difference: str) -> Callable[[Test], Test]:
        """Mark the test that shows both sides of a difference."""
        self.shown.add(difference)
        return lambda test: test

    def check(self) -> None:
        """Each difference is in the guide with its reason, and a test shows it; there is no other."""
        section = guide().split(f"\n## {self.section}\n")[1].split("\n## ")[0]
        rows = re.findall(r"^\| (?!difference|-)(.+?) \| .+? \| .+? \| (.+?) \|$", section, re.MULTILINE)
        assert {key.replace("`", ""): reason.replace("`", "") for key, reason in rows} == self.reasons
        assert len(rows) == len(self.reasons)
        assert set(self.reasons) == self.shown
