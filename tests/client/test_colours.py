"""The sync client is the async one in another colour, and its check would notice if it were not."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

LoadTool = Callable[[str], ModuleType]


def test_the_sync_client_equals_the_async_one(load_tool: LoadTool, capsys: pytest.CaptureFixture[str]) -> None:
    assert load_tool("unasync").main(["--check"]) == 0, capsys.readouterr().out


def test_a_change_of_one_colour_alone_is_shown_and_then_mended(
    load_tool: LoadTool, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = load_tool("unasync")
    package = root / "customizations" / "acs_identity"
    (tmp_path / "aio").mkdir()
    for pair in tool.PAIRS.items():
        for name in pair:
            (tmp_path / name).write_text((package / name).read_text())
    source = tmp_path / "aio" / "_client.py"
    source.write_text(source.read_text().replace("async def close(self)", "async def shut(self)"))
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    assert tool.main(["--check"]) == 1
    assert "+    def shut(self) -> None:" in capsys.readouterr().out
    assert tool.main([]) == 0
    assert tool.main(["--check"]) == 0
