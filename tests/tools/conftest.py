from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def generate(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool("generate")
