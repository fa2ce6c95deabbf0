"""The documentation is built without a warning, and no way in it leads nowhere."""

import importlib
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from sphinx.util.inventory import InventoryFile

pytestmark = pytest.mark.once

PUBLIC = (
    "acs_identity",
    "acs_identity.aio",
    "acs_identity.diagnostics",
    "acs_identity.testing",
    "acs_identity_emulator",
    "acs_identity_rest",
)


class _Page(HTMLParser):
    """The ids of a page and where its links lead."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and name == "id":
                self.ids.add(value)
            elif value and name in {"href", "src"}:
                self.links.append(value)


@pytest.fixture(scope="module")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(folder / "trees"), str(root / "docs"), str(folder / "html")],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, _Page]:
    return {path: _Page(path) for path in site.rglob("*.html")}


def test_every_link_and_anchor_leads_somewhere(site: Path, pages: dict[Path, _Page]) -> None:
    lost: list[str] = []
    for path, page in pages.items():
        for link in page.links:
            address, anchor = urldefrag(link)
            if urlsplit(address).scheme:
                continue
            target = (path.parent / unquote(address.partition("?")[0])).resolve() if address else path
            if not target.exists() or (anchor and target in pages and unquote(anchor) not in pages[target].ids):
                lost.append(f"{path.relative_to(site)}: {link}")
    assert len(pages) > 20
    assert lost == []


def test_every_page_is_reached_from_the_first(site: Path, pages: dict[Path, _Page]) -> None:
    reached, left = set[Path](), [site / "index.html"]
    while left:
        path = left.pop()
        if path not in reached and path in pages:
            reached.add(path)
            left += [(path.parent / urldefrag(link)[0]).resolve() for link in pages[path].links]
    # The source of a module is reached from its entry in the reference, and the list of them from nowhere.
    assert set(pages) - reached - {site / "_modules" / "index.html"} == set()


def test_nothing_on_a_page_comes_from_elsewhere(pages: dict[Path, _Page]) -> None:
    outside = {
        link
        for page in pages.values()
        for link in page.links
        if link.startswith(("http:", "https:", "//")) and link.endswith((".js", ".css", ".png", ".svg", ".woff2"))
    }
    assert outside == set()


def test_no_page_shows_a_path_of_the_machine(root: Path, pages: dict[Path, _Page]) -> None:
    assert [path.name for path in pages if str(root) in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_in_the_reference(site: Path, module: str) -> None:
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    documented = {name for kind in inventory.data for name in inventory.data[kind]}
    public = importlib.import_module(module).__all__
    assert [name for name in public if name != "__version__" and f"{module}.{name}" not in documented] == []


def test_the_reference_of_the_command_line_is_what_the_commands_say(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.cli_reference", "--check"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
