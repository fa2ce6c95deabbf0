"""The console page shows what the emulator keeps and what is asked of it, to everybody, in a real browser."""

import base64
import http.client
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import pytest

from acs_identity_emulator import Emulator, EmulatorServer, FaultRule, Request

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


def test_what_others_send_is_text_and_never_markup(page: "Page", call: Any, server: EmulatorServer) -> None:
    call.new_identity(HOSTILE)
    # An HTTP library would refuse to send such a target; what is in the process can.
    headers = {"Host": HOSTILE, "x-ms-client-request-id": HOSTILE, "Authorization": f"Hmm {HOSTILE}"}
    server.emulator.handle(Request("POST", f"/identities/{HOSTILE}", headers))
    rows = page.locator("#requests > table > tbody")
    expect(rows).to_have_count(2)
    rows.first.get_by_role("button").click()
    expect(rows.first.locator("dd code")).to_have_text([f"POST /identities/{HOSTILE}", HOSTILE])
    expect(page.get_by_role("row", name="Host").get_by_role("cell")).to_have_text([re.compile(re.escape(HOSTILE))] * 2)
    page.get_by_role("link", name="Identities").click()
    expect(page.locator("#identities td.code")).to_have_text(HOSTILE)
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
    expect(page.locator("#requests .note")).to_have_text("1 of 3 requests")
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


def test_another_emulator_at_the_same_endpoint_is_shown_in_the_place_of_the_first(
    page: "Page", call: Any, server: EmulatorServer
) -> None:
    for name in ("first", "second"):
        call.new_identity(name)
    rows = page.locator("#requests > table > tbody")
    expect(rows).to_have_count(2)
    # It counts its requests from 1 on again.
    server.emulator = Emulator()
    server.emulator.handle(Request("GET", "/another"))
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("/another")
    expect(page.locator("#identities-count")).to_have_text("0")


def test_a_journal_that_is_emptied_is_empty_on_the_page_and_goes_on(
    page: "Page", call: Any, server: EmulatorServer
) -> None:
    call.new_identity("before")
    rows = page.locator("#requests > table > tbody")
    expect(rows).to_have_count(1)
    server.emulator.journal.clear()
    expect(rows).to_have_count(0)
    expect(page.locator("#requests")).to_contain_text("No request has come yet")
    call("GET", "/after")
    expect(rows).to_contain_text("/after")


def test_an_older_emulator_shows_what_it_has(context: "BrowserContext", call: Any) -> None:
    call.new_identity("ada")
    for path in ("identities", "tokens", "clock", "faults", "console/connection-string"):
        context.route(f"**/_emulator/{path}", lambda route: route.fulfill(status=404, body="{}"))
    page = context.new_page()
    page.goto(call.endpoint)
    expect(page.locator("#requests > table > tbody")).to_have_count(1)
    expect(page.locator("#connection")).to_have_text("Live")
    page.get_by_role("link", name="Identities ?").click()
    expect(page.locator("#identities")).to_contain_text("This emulator does not list them.")


def test_an_endpoint_that_fails_is_named_and_the_others_go_on(context: "BrowserContext", call: Any) -> None:
    context.route("**/_emulator/tokens", lambda route: route.fulfill(status=500, body="no JSON"))
    page = context.new_page()
    page.goto(call.endpoint)
    expect(page.locator("#connection")).to_have_text("The emulator answers tokens with 500, trying again")
    call.new_identity("ada")
    expect(page.locator("#requests > table > tbody")).to_have_count(1)
    context.unroute("**/_emulator/tokens")
    expect(page.locator("#connection")).to_have_text("Live")


def test_a_page_that_nobody_sees_asks_for_nothing(context: "BrowserContext", call: Any) -> None:
    asked: list[str] = []
    page = context.new_page()
    page.clock.install()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(call.endpoint)
    expect(page.locator("#connection")).to_have_text("Live")
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.clock.run_for(60_000)
    before = len(asked)
    page.clock.run_for(60_000)
    assert len(asked) == before
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    call.new_identity("ada")
    page.clock.run_for(2000)
    expect(page.locator("#requests > table > tbody")).to_have_count(1)


def test_rules_for_faults_are_counted_until_they_are_used_up(page: "Page", call: Any, server: EmulatorServer) -> None:
    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.locator("#faults")).to_be_hidden()
    server.emulator.faults.add(FaultRule("503", count=1))
    expect(page.locator("#faults")).to_have_text("1 rule active")
    call("POST", "/identities")
    expect(page.locator("#faults")).to_be_hidden()
    page.get_by_role("button", name="POST /identities").click()
    expect(page.locator(".details")).to_contain_text("503")


def test_a_full_identity_id_is_copied_and_the_row_says_so(context: "BrowserContext", call: Any) -> None:
    ada = call.new_identity("ada")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{call.endpoint}/#identities")
    row = page.locator("#identities tbody")
    expect(row.locator(".code").first).to_have_attribute("title", ada)
    expect(row).not_to_contain_text(ada)
    copy = row.get_by_role("button", name=f"Copy {ada}")
    copy.click()
    expect(page.locator("#news")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == ada
    expect(copy).to_be_focused()


def test_the_focus_on_a_row_that_goes_is_on_the_heading_then(page: "Page", call: Any) -> None:
    ada, grace = call.new_identity("ada"), call.new_identity("grace")
    page.get_by_role("link", name="Identities").click()
    page.get_by_role("button", name=f"Copy {ada}").focus()
    call("DELETE", f"/identities/{grace}")
    expect(page.locator("#identities tbody")).to_have_count(1)
    expect(page.get_by_role("button", name=f"Copy {ada}")).to_be_focused()
    call("DELETE", f"/identities/{ada}")
    expect(page.get_by_role("heading", name="Identities")).to_be_focused()


def test_a_view_has_an_address_and_the_way_back_leads_to_the_one_before(page: "Page", call: Any) -> None:
    page.get_by_role("link", name="Access tokens").click()
    expect(page.get_by_role("heading", name="Access tokens")).to_be_focused()
    expect(page.get_by_role("link", name="Access tokens")).to_have_attribute("aria-current", "page")
    page.reload()
    expect(page.get_by_role("heading", name="Access tokens")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Requests")).to_be_visible()
    page.keyboard.press("Tab")
    page.get_by_role("link", name="Skip to the content").press("Enter")
    expect(page.locator("#main")).to_be_focused()
    expect(page.get_by_role("heading", name="Requests")).to_be_visible()


def test_a_thousand_requests_stay_usable(page: "Page", server: EmulatorServer, call: Any) -> None:
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


TEXTS = """() => {
    const painted = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (colour !== "rgba(0, 0, 0, 0)") return colour;
        }
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) {
        const holder = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !holder.checkVisibility()) continue;
        found.push([texts.currentNode.data, getComputedStyle(holder).color, painted(holder)]);
    }
    for (const control of document.querySelectorAll("button:not(.open), input[type=search]")) {
        if (!control.checkVisibility()) continue;
        found.push(["", getComputedStyle(control).borderTopColor, painted(control.parentElement)]);
    }
    return found;
}"""


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, as WCAG 2.2 defines it."""

    def luminance(colour: str) -> float:
        assert colour.startswith("rgb("), f"{colour} is not opaque"
        parts = [int(part) / 255 for part in colour[4:-1].split(",")]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == 21
    assert round(contrast("rgb(118, 118, 118)", "rgb(255, 255, 255)"), 2) == 4.54


def test_every_text_and_control_can_be_told_from_what_is_behind_it(
    context: "BrowserContext", call: Any, scheme: Literal["light", "dark"]
) -> None:
    ada = call.new_identity("ada")
    call("POST", f"/identities/{ada}/:issueAccessToken", {"scopes": ["chat"]})
    call("POST", "/identities", signed_host=f"{urlsplit(str(call.endpoint)).netloc}/")
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)
    page.goto(call.endpoint)
    page.get_by_role("button", name="POST /identities", exact=True).first.click()
    expect(page.locator("mark").first).to_be_visible()
    texts: list[str] = []
    for view in ("Requests", "Identities", "Access tokens"):
        page.get_by_role("link", name=view).click()
        expect(page.get_by_role("heading", name=view)).to_be_visible()
        for text, colour, behind in page.evaluate(TEXTS):
            texts.append(text)
            # Texts of normal size need 4.5, the borders of controls 3.
            assert contrast(colour, behind) >= (4.5 if text else 3), (text, colour, behind)
    assert {"401 Denied", "differs here", "(nothing)", "chat", "live", "Pause", ""} <= set(texts)


def test_a_difference_stands_out_where_the_user_sets_the_colours(page: "Page", call: Any) -> None:
    page.emulate_media(forced_colors="active")
    call("POST", "/identities", signed_host=f"{urlsplit(str(call.endpoint)).netloc}/")
    page.get_by_role("button", name="POST /identities").click()
    expect(page.locator("mark").first).to_have_css("outline-style", "solid")
    expect(page.get_by_text("differs here").first).to_be_visible()


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
