from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def contract_check(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool("contract_check")
