"""The console page shows what the emulator keeps and what is asked of it, to everybody, in a real browser."""

import base64
import http.client
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from acs_identity_emulator import Emulator, EmulatorServer

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

pytestmark = pytest.mark.once

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


def expect(actual: "Locator") -> Any:
    from playwright.sync_api import expect as wait_for

    return wait_for(actual)


def get(server: EmulatorServer, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, 200),
        ({"Accept": "application/json"}, 401),
        ({"Accept": "*/*"}, 401),
        ({"Accept": "text/html;q=0, application/json"}, 401),
        ({"Accept": "text/html", "Authorization": "Bearer x"}, 401),
        ({}, 401),
    ],
    ids=["browser", "client", "anything", "no HTML", "authorized", "nothing"],
)
def test_only_a_browser_gets_the_page_and_every_client_the_answer_of_the_service(
    server: EmulatorServer, headers: dict[str, str], status: int
) -> None:
    assert get(server, "/", **headers).status == status


def test_the_page_permits_nothing_from_elsewhere_and_nobody_to_frame_it(server: EmulatorServer) -> None:
    for path in ("/", "/_emulator/console/console.js", "/_emulator/console/console.css"):
        response = get(server, path, Accept="text/html")
        policy = response.headers["Content-Security-Policy"]
        assert response.status == 200
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["__init__.py", "..%2fapp.py", "%2e%2e/app.py", "index.html%00", "x"])
def test_no_other_file_of_the_package_is_served(server: EmulatorServer, name: str) -> None:
    assert get(server, f"/_emulator/console/{name}", Accept="text/html").status == 404


def test_an_access_key_of_ones_own_is_not_shown() -> None:
    own_key = base64.b64encode(b"a key of the user's own, just as fake").decode()
    with EmulatorServer(Emulator(access_key=own_key)) as server:
        connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=20)
        connection.request("GET", "/_emulator/console/connection-string")
        shown = connection.getresponse().read().decode()
        connection.close()
    assert "accesskey=***" in shown
    assert own_key not in shown


def test_an_empty_emulator_tells_how_to_reach_it(page: "Page", server: EmulatorServer) -> None:
    expect(page.locator("#requests")).to_contain_text(server.connection_string)
    page.get_by_role("link", name="Identities").click()
    expect(page.locator("#identities")).to_contain_text("There is no identity yet")


def test_requests_appear_as_they_come_the_newest_on_top(page: "Page", call: Any) -> None:
    rows = page.locator("#requests > table > tbody")
    call.new_identity("first")
    expect(rows).to_have_count(1)
    call("POST", "/identities", {"createTokenWithScopes": ["chats"]})
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("400 ValidationError")
    expect(rows.first).to_contain_text("scope number 1 is none of")
    expect(page.locator("#news")).to_contain_text("1 new request, 1 refused")


def test_a_refused_signature_is_shown_beside_the_expected_one_with_the_difference_marked(
    page: "Page", call: Any, server: EmulatorServer
) -> None:
    host = urlsplit(server.endpoint).netloc
    call("POST", "/identities", signed_host=f"{host}/")
    page.get_by_role("button", name="POST /identities").click()
    table = page.get_by_role("table", name="String to sign")
    expect(table.get_by_role("columnheader")).to_have_text(["Line", "Expected", "Received"])
    third = table.get_by_role("row").nth(3)
    expected, received = third.get_by_role("cell").all()
    expect(expected.locator("mark")).to_have_text("(nothing)")
    expect(received.locator("mark")).to_have_text("/")
    expect(received).to_contain_text("differs here")
    # The text around the mark is the one that was signed.
    assert f";{host}/;" in (received.locator("code").text_content() or "")
    made_of = page.get_by_role("table", name="What it is made of")
    expect(made_of.get_by_role("row", name="Host")).to_contain_text(f"{host}/")
    expect(made_of.get_by_role("row", name="Body hash")).not_to_contain_text("differs")


def test_a_signature_that_nothing_explains_says_that_it_was_not_found_out(page: "Page", call: Any) -> None:
    call("POST", "/identities", signed_host="nobody-signs-this.example")
    page.get_by_role("button", name="POST /identities").click()
    expect(page.get_by_text("was not found out")).to_be_visible()


def test_identities_and_tokens_are_listed_with_scopes_state_and_time_left_by_the_clock_of_the_emulator(
    page: "Page", call: Any, server: EmulatorServer
) -> None:
    ada = call.new_identity("ada@contoso.example")
    call("POST", f"/identities/{ada}/:issueAccessToken", {"scopes": ["chat", "voip"], "expiresInMinutes": 60})
    page.get_by_role("link", name="Identities").click()
    expect(page.locator("#identities")).to_contain_text("ada@contoso.example")
    page.get_by_role("link", name="Access tokens").click()
    row = page.locator("#tokens tbody tr")
    expect(row).to_contain_text("live")
    expect(row.get_by_role("listitem")).to_have_text(["chat", "voip"])
    expect(row.locator(".left")).to_have_text("1 h")
    server.emulator.clock.advance(timedelta(minutes=45))
    expect(row.locator(".left")).to_have_text("15 min")
    call("POST", f"/identities/{ada}/:revokeAccessTokens")
    expect(row).to_contain_text("revoked")
    expect(page.locator("#clock")).to_contain_text("45 min ahead")


def test_what_others_send_is_text_and_never_markup(page: "Page", call: Any) -> None:
    call.new_identity(HOSTILE)
    call("GET", "/identities/%3Cimg%20src=x%20onerror=document.title=1%3E")
    page.get_by_role("link", name="Identities").click()
    expect(page.locator("#identities td.code")).to_have_text(HOSTILE)
    expect(page.locator("#requests > table > tbody")).to_have_count(2)
    assert page.locator("img").count() == 0
    assert page.title() == "acs-identity emulator"


def test_the_keyboard_alone_reaches_a_comparison_and_comes_back(page: "Page", call: Any) -> None:
    call("POST", "/identities", signed_host="127.0.0.1/")
    row = page.get_by_role("button", name="POST /identities")
    expect(row).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        if row.evaluate("button => button === document.activeElement"):
            break
    expect(row).to_be_focused()
    page.keyboard.press("Enter")
    expect(row).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("heading", name="Why the signature was refused")).to_be_visible()
    page.keyboard.press("Enter")
    expect(row).to_have_attribute("aria-expanded", "false")


def test_an_open_row_and_the_focus_stay_when_new_requests_come(page: "Page", call: Any) -> None:
    call("POST", "/identities", {"createTokenWithScopes": ["chats"]})
    refused = page.get_by_role("button", name="POST /identities")
    refused.click()
    for number in range(3):
        call.new_identity(f"number {number}")
    expect(page.locator("#requests > table > tbody")).to_have_count(4)
    last = page.locator("#requests > table > tbody").last.get_by_role("button").first
    expect(last).to_be_focused()
    expect(last).to_have_attribute("aria-expanded", "true")


def test_requests_are_filtered_by_text_and_by_refusal(page: "Page", call: Any) -> None:
    ada = call.new_identity("ada")
    call("DELETE", f"/identities/{ada}")
    call("DELETE", f"/identities/{ada}")
    shown = page.locator("#requests > table > tbody:visible")
    expect(shown).to_have_count(3)
    page.get_by_label("Refused only").check()
    expect(shown).to_have_count(1)
    expect(page.locator("#requests > .note")).to_have_text("1 of 3 requests")
    page.get_by_label("Refused only").uncheck()
    page.get_by_label("Filter").fill("create_identity")
    expect(shown).to_have_count(1)


def test_a_paused_page_stands_still_until_it_is_resumed(page: "Page", call: Any) -> None:
    call.new_identity("before")
    rows = page.locator("#requests > table > tbody")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    call.new_identity("meanwhile")
    expect(page.locator("#connection")).to_have_text("Paused")
    assert rows.count() == 1
    page.get_by_role("button", name="Resume").click()
    expect(rows).to_have_count(2)


def test_a_page_whose_emulator_is_gone_says_so_keeps_what_it_has_and_recovers(
    context: "BrowserContext", call: Any
) -> None:
    page = context.new_page()
    page.goto(call.endpoint)
    call.new_identity("kept")
    rows = page.locator("#requests > table > tbody")
    expect(rows).to_have_count(1)
    context.set_offline(True)
    expect(page.locator("#connection")).to_contain_text("not reachable")
    assert rows.count() == 1
    context.set_offline(False)
    expect(page.locator("#connection")).to_have_text("Live")


def test_a_thousand_requests_stay_usable(page: "Page", server: EmulatorServer, call: Any) -> None:
    from acs_identity_emulator import Request

    for number in range(1100):
        server.emulator.handle(Request("POST", f"/identities?api-version={number}"))
    expect(page.locator("#requests-count")).to_have_text("1000")
    page.get_by_label("Filter").fill("api-version=1099")
    expect(page.locator("#requests > table > tbody:visible")).to_have_count(1)


@pytest.mark.parametrize("width", [320, 1280])
def test_no_width_makes_the_page_itself_scroll_sideways(page: "Page", call: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    call("POST", "/identities", signed_host="127.0.0.1/")
    page.get_by_role("button", name="POST /identities").click()
    expect(page.get_by_role("heading", name="Why the signature was refused")).to_be_visible()
    for view in ("Requests", "Identities", "Access tokens"):
        page.get_by_role("link", name=view).click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


def test_a_checker_of_accessibility_finds_nothing(
    context: "BrowserContext", call: Any, root: Path, scheme: str
) -> None:
    axe = root / "node_modules" / "axe-core" / "axe.min.js"
    if not axe.is_file():
        pytest.skip("axe-core is not installed: run npm ci.")
    ada = call.new_identity("ada")
    call("POST", f"/identities/{ada}/:issueAccessToken", {"scopes": ["chat"]})
    call("POST", "/identities", signed_host="127.0.0.1/")
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(call.endpoint)
    page.get_by_role("button", name="POST /identities", exact=True).first.click()
    expect(page.get_by_role("heading", name="Why the signature was refused")).to_be_visible()
    for view in ("Requests", "Identities", "Access tokens"):
        page.get_by_role("link", name=view).click()
        # The policy of the page forbids scripts in it, not those of the debugger.
        page.evaluate(axe.read_text("utf-8"))
        found = page.evaluate("axe.run().then(result => result)")
        assert len(found["passes"]) > 10
        assert [(violation["id"], violation["nodes"][0]["html"]) for violation in found["violations"]] == [], view
