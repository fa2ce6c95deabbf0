"""Take the pictures of the console page that the documents show: the same scene each time, in light and in dark."""

import base64
import hashlib
import hmac
import http.client
import json
import sys
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Playwright, sync_playwright

from acs_identity_emulator import Emulator, EmulatorServer
from tools.browser import NOT_FOUND, find_browser, launch

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
RESOURCE_ID = "c0ffee00-1234-4321-8765-0123456789ab"
# The API version that has custom ids.
VERSION = "api-version=2025-03-02-preview"


@dataclass
class Contoso:
    """A made-up application that uses the emulator, a few seconds between its requests."""

    now: datetime = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
    requests: int = 0
    emulator: Emulator = field(init=False)

    def __post_init__(self) -> None:
        self.emulator = Emulator(resource_id=RESOURCE_ID, clock=lambda: self.now)

    def ask(self, endpoint: str, method: str, path: str, members: object = None, *, signed_host: str = "") -> Any:
        """Send a request, signed for a host; return what is in the answer."""
        self.now += timedelta(seconds=7)
        self.requests += 1
        host = urlsplit(endpoint).netloc
        target = f"{path}?{VERSION}"
        body = b"" if members is None else json.dumps(members).encode()
        date = format_datetime(self.now, usegmt=True)
        content_hash = base64.b64encode(hashlib.sha256(body).digest()).decode()
        text = f"{method}\n{target}\n{date};{signed_host or host};{content_hash}"
        signature = hmac.digest(base64.b64decode(self.emulator.access_key), text.encode(), "sha256")
        headers = {
            "Content-Type": "application/json",
            "x-ms-date": date,
            "x-ms-content-sha256": content_hash,
            "x-ms-client-request-id": str(uuid.UUID(int=self.requests)),
            "Authorization": "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256"
            f"&Signature={base64.b64encode(signature).decode()}",
        }
        connection = http.client.HTTPConnection(host, timeout=10)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse().read()
        finally:
            connection.close()
        return json.loads(answer) if answer else None


def play(contoso: Contoso, endpoint: str) -> None:
    """Have the application do what the pictures show."""
    users: list[str] = []
    for name in ("ada@contoso.example", "grace@contoso.example", "support-bot"):
        created = contoso.ask(endpoint, "POST", "/identities", {"customId": name, "createTokenWithScopes": ["chat"]})
        users.append(created["identity"]["id"])
    ada, grace, bot = users
    contoso.ask(endpoint, "POST", f"/identities/{ada}/:issueAccessToken", {"scopes": ["chat", "voip"]})
    contoso.ask(endpoint, "POST", f"/identities/{bot}/:revokeAccessTokens")
    short_lived = {"scopes": ["voip"], "expiresInMinutes": 60}
    contoso.ask(endpoint, "POST", f"/identities/{grace}/:issueAccessToken", short_lived)
    contoso.ask(endpoint, "POST", f"/identities/{grace}/:issueAccessToken", {"scopes": ["chats"]})
    host = urlsplit(endpoint).netloc
    contoso.ask(endpoint, "POST", "/identities", {}, signed_host=f"{host}/")


def take(playwright: Playwright, path: str, endpoint: str, scheme: Any, file: Path) -> None:
    """Take one picture, of the requests with the refused one open."""
    browser = launch(playwright, path)
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1180, "height": 1120})
    page.goto(endpoint)
    page.get_by_role("button", name="POST /identities").first.click()
    page.get_by_role("button", name="Pause").click()
    page.screenshot(path=file)
    browser.close()


def main() -> None:
    """Play the scene and write the pictures."""
    path = find_browser()
    if path is None:
        sys.exit(NOT_FOUND)
    FOLDER.mkdir(exist_ok=True)
    contoso = Contoso()
    with EmulatorServer(contoso.emulator, port=10100) as server, sync_playwright() as playwright:
        play(contoso, server.endpoint)
        take(playwright, path, server.endpoint, "light", FOLDER / "console.png")
        take(playwright, path, server.endpoint, "dark", FOLDER / "console-dark.png")


if __name__ == "__main__":
    main()
