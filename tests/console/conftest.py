"""A browser, a running emulator and somebody who calls it; where there is no browser the tests say so."""

import base64
import hashlib
import hmac
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from acs_identity_emulator import Emulator, EmulatorServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CUSTOM_IDS = "2025-03-02-preview"


@dataclass
class Caller:
    """Sends signed requests to a running emulator; the signing is written from the REST reference."""

    server: EmulatorServer
    endpoint: str = field(init=False)

    def __post_init__(self) -> None:
        self.endpoint = self.server.endpoint

    def __call__(
        self, method: str, path: str, members: object = None, *, signed_host: str = "", version: str = CUSTOM_IDS
    ) -> Any:
        host = urlsplit(self.endpoint).netloc
        target = f"{path}?api-version={version}"
        body = b"" if members is None else json.dumps(members).encode()
        date = format_datetime(self.server.emulator.clock.now(), usegmt=True)
        content_hash = base64.b64encode(hashlib.sha256(body).digest()).decode()
        text = f"{method}\n{target}\n{date};{signed_host or host};{content_hash}"
        signature = hmac.digest(base64.b64decode(self.server.emulator.access_key), text.encode(), "sha256")
        headers = {
            "Content-Type": "application/json",
            "x-ms-date": date,
            "x-ms-content-sha256": content_hash,
            "Authorization": "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256"
            f"&Signature={base64.b64encode(signature).decode()}",
        }
        connection = http.client.HTTPConnection(host, timeout=20)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse().read()
        finally:
            connection.close()
        return json.loads(answer) if answer else None

    def new_identity(self, custom_id: str) -> str:
        raw_id: str = self("POST", "/identities", {"customId": custom_id})["identity"]["id"]
        return raw_id


@pytest.fixture
def server() -> Iterator[EmulatorServer]:
    noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    with EmulatorServer(Emulator(clock=lambda: noon, allowed_skew=timedelta(days=1))) as running:
        yield running


@pytest.fixture
def call(server: EmulatorServer) -> Caller:
    return Caller(server)


# Not for the session: while playwright runs, no other test of this process can have an event loop.
@pytest.fixture(scope="module")
def browser(load_tool: Any) -> Iterator["Browser"]:
    pytest.importorskip("playwright")
    tool = load_tool("browser")
    path = tool.find_browser()
    if path is None:
        pytest.skip(tool.NOT_FOUND)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = tool.launch(playwright, path)
        yield running
        running.close()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    scheme: str = request.param
    return scheme


@dataclass
class Watched:
    """A page and all that went wrong in it or left its origin."""

    page: "Page"
    requested: list[str]
    complaints: list[str]


@pytest.fixture
def context(browser: "Browser") -> Iterator["BrowserContext"]:
    from playwright.sync_api import expect

    # The machine may be busy; what does not come at all still fails.
    expect.set_options(timeout=30_000)
    context = browser.new_context()
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def watched(context: "BrowserContext", call: Caller) -> Iterator[Watched]:
    page = context.new_page()
    watched = Watched(page, [], [])
    page.on("request", lambda request: watched.requested.append(request.url))
    page.on("console", lambda message: watched.complaints.append(message.text))
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.goto(call.endpoint)
    yield watched
    assert {urlsplit(url).netloc for url in watched.requested if not url.startswith("data:")} == {
        urlsplit(call.endpoint).netloc
    }


@pytest.fixture
def page(watched: Watched) -> Iterator["Page"]:
    yield watched.page
    assert watched.complaints == []
