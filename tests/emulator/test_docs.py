"""What the docstrings and the guide of the emulator show really happens."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import acs_identity_emulator

MODULES = sorted(module.name for module in pkgutil.iter_modules(acs_identity_emulator.__path__))
GUIDE = Path(__file__).parents[2] / "docs" / "emulator.md"


@pytest.mark.parametrize("name", ["", *(f".{module}" for module in MODULES)])
def test_the_examples_of_a_module_run(name: str) -> None:
    module = importlib.import_module(f"acs_identity_emulator{name}")
    names = {"Emulator": acs_identity_emulator.Emulator}
    assert doctest.testmod(module, extraglobs=names).failed == 0


@pytest.mark.skipif(not GUIDE.exists(), reason="the guide is not beside the installed package")
def test_the_examples_of_the_guide_run(tmp_path: Path) -> None:
    text = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL))
    assert ">>>" in text
    test = doctest.DocTestParser().get_doctest(text, {}, "emulator.md", None, None)
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed == 0
