"""What the documents and docstrings show is what happens."""

import doctest
import importlib
import pkgutil
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport

import acs_identity.aio
import acs_identity_emulator
from acs_identity_emulator import AsyncEmulatorTransport, Emulator, EmulatorTransport

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ENDPOINT = "https://contoso.communication.azure.com"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Give the names that examples use, with an emulator behind the endpoint instead of Azure."""
    emulator = Emulator()

    transport, async_transport = EmulatorTransport(emulator), AsyncEmulatorTransport(emulator)

    def send(_: Any, request: Any, **options: Any) -> Any:
        return transport.send(request, **options)

    async def async_send(_: Any, request: Any, **options: Any) -> Any:
        return await async_transport.send(request, **options)

    for kind in (acs_identity.Urllib3Transport, RequestsTransport):
        monkeypatch.setattr(kind, "send", send)
    for async_kind in (acs_identity.aio.AiohttpTransport, AioHttpTransport):
        monkeypatch.setattr(async_kind, "send", async_send)
    return {
        "endpoint": ENDPOINT,
        "access_key": emulator.access_key,
        "connection_string": f"endpoint={ENDPOINT}/;accesskey={emulator.access_key}",
        "credential": emulator.entra.credential(),
    }


def modules(package: ModuleType) -> list[ModuleType]:
    names = [info.name for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    return [package, *(importlib.import_module(name) for name in names if not name.endswith("__main__"))]


@pytest.mark.parametrize(
    "document", [path for path in DOCUMENTS if ">>>" in path.read_text()], ids=lambda path: path.name
)
def test_the_examples_of_a_document_run_as_shown(
    document: Path, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    result = doctest.testfile(str(document), module_relative=False, globs=names, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "module",
    [module for package in (acs_identity, acs_identity_emulator) for module in modules(package)],
    ids=lambda module: module.__name__,
)
def test_the_examples_of_a_module_run_as_shown(
    module: ModuleType, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    result = doctest.testmod(module, extraglobs=names, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0, capsys.readouterr().out


def test_the_readme_shows_code_and_its_answer_before_line_30() -> None:
    beginning = (ROOT / "README.md").read_text().splitlines()[:30]
    answer = next(number for number, line in enumerate(beginning) if line.startswith("CommunicationUserIdentifier("))
    assert beginning[answer - 1].startswith(">>> ")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_in_a_document_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = re.findall(r"(?:^|`)make ([a-z-]+)", document.read_text(), re.MULTILINE)
    assert [target for target in shown if target not in targets] == []


def test_every_command_in_a_document_exists() -> None:
    from typer.testing import CliRunner

    from acs_identity.cli.app import app

    lines = {
        line
        for document in DOCUMENTS
        for line in re.findall(r"(?:^|`)acs-identity ([a-z][^#`\n]*)", document.read_text(), re.MULTILINE)
    }
    assert lines
    for line in lines:
        # What follows the two dashes is another command.
        own = shlex.split(line.partition(" -- ")[0])
        words = [word for word in own if not word.startswith("-") and word.replace("-", "").isalpha()]
        result = CliRunner().invoke(app, [*words, "--help"])
        assert result.exit_code == 0, f"acs-identity {line}: {result.output}"
