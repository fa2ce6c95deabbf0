import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def load_tool() -> Callable[[str], ModuleType]:
    """Import a module of tools/, which is not installed."""

    def load(name: str) -> ModuleType:
        # The packages of the checkout are not at its top, so tests still meet the installed ones.
        if str(ROOT) not in sys.path:
            sys.path.insert(0, str(ROOT))
        return importlib.import_module(f"tools.{name}")

    return load
