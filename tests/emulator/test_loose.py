"""A check that is switched off lets through what it alone would refuse, and nothing else."""

import base64
import json
import logging
from collections.abc import Callable
from typing import Any, get_args

import jwt
import pytest
from typer.testing import CliRunner

from acs_identity_emulator import CHECKS, Check, Emulator, Request, Response
from acs_identity_emulator.commands import app

Sign = Callable[..., dict[str, str]]
DATE = "Thu, 01 Oct 2026 12:00:00 GMT"
TARGET = "/identities?api-version=2026-09-23"
BODY = b'{"createTokenWithScopes":["chat"]}'


@pytest.fixture
def broken(clock: Any, sign: Sign) -> Callable[[str, Emulator], Request]:
    """Makes requests with which exactly one thing is wrong."""

    def make(name: str, emulator: Emulator) -> Request:
        target, date, body = TARGET, DATE, BODY
        changed: dict[str, str] = {"Content-Type": "application/json"}
        dropped: set[str] = set()
        host = "emulator.localhost"
        match name:
            case "api-version: unknown":
                target = "/identities?api-version=2031-01-01"
            case "api-version: missing":
                target = "/identities"
            case "content-hash: another":
                body = b"{}"
            case "content-hash: missing":
                pass
            case "content-type: another":
                changed["Content-Type"] = "text/plain; charset=utf-16"
            case "content-type: missing":
                changed = {}
            case "date: old":
                date = "Thu, 01 Jan 2026 12:00:00 GMT"
            case "date: malformed":
                date = "noon"
            case "date: empty":
                date = ""
            case "host: with a slash":
                host = "emulator.localhost/"
                changed["Host"] = "emulator.localhost"
            case "host: of a proxy":
                host = "public.example:8443"
                changed |= {"Host": "inner:80", "X-Forwarded-Host": "public.example", "X-Forwarded-Port": "8443"}
            case "signature: another":
                changed["Authorization"] = "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AAAA"
            case "signature: missing":
                dropped.add("Authorization")
            case "entra: of the real Entra ID":
                claims = {"iss": "https://sts.windows.net/x/", "exp": 1, "aud": "https://graph.microsoft.com"}
                changed["Authorization"] = f"Bearer {jwt.encode(claims, 'a shared secret that is long enough, yes')}"
            case "entra: expired":
                from datetime import timedelta

                token = emulator.entra.issue_token(expires_in=timedelta(hours=-1))
                changed["Authorization"] = f"Bearer {token}"
            case _:
                raise AssertionError(name)
        headers = sign("POST", target, body, key=emulator.access_key, date=date, host=host) | changed
        if name == "content-hash: another":
            body = BODY
        if name == "content-hash: missing":
            headers |= unhashed(sign, emulator)
            dropped.add("x-ms-content-sha256")
        return Request("POST", target, {key: headers[key] for key in headers if key not in dropped}, body)

    return make


def unhashed(sign: Sign, emulator: Emulator) -> dict[str, str]:
    """Headers whose signature covers an empty content hash."""
    import hashlib
    import hmac

    text = f"POST\n{TARGET}\n{DATE};emulator.localhost;"
    digest = hmac.new(base64.b64decode(emulator.access_key), text.encode(), hashlib.sha256).digest()
    headers = sign("POST", TARGET, b"", key=emulator.access_key, date=DATE)
    prefix = headers["Authorization"].partition("&")[0]
    return {"Authorization": f"{prefix}&Signature={base64.b64encode(digest).decode()}"}


CASES = [
    "api-version: unknown",
    "api-version: missing",
    "content-hash: another",
    "content-hash: missing",
    "content-type: another",
    "content-type: missing",
    "date: old",
    "date: malformed",
    "date: empty",
    "entra: of the real Entra ID",
    "entra: expired",
    "host: with a slash",
    "host: of a proxy",
    "signature: another",
    "signature: missing",
]


def test_every_check_has_a_case_here() -> None:
    assert {case.partition(":")[0] for case in CASES} == set(CHECKS) == set(get_args(Check))


@pytest.mark.parametrize("case", CASES)
def test_a_check_that_is_off_lets_through_what_it_would_refuse(
    clock: Any, broken: Callable[[str, Emulator], Request], case: str
) -> None:
    check: Any = case.partition(":")[0]
    strict, loose, everything = (
        Emulator(clock=clock),
        Emulator(clock=clock, loose=[check]),
        Emulator(clock=clock, loose=["all"]),
    )
    assert strict.handle(broken(case, strict)).status in (400, 401, 415)
    for emulator in (loose, everything):
        response = emulator.handle(broken(case, emulator))
        assert response.status == 201, response.headers.get("x-emulator-reason")
        assert json.loads(response.body)["accessToken"]["token"]


@pytest.mark.parametrize("case", CASES)
def test_a_check_stays_when_all_others_are_off(
    clock: Any, broken: Callable[[str, Emulator], Request], case: str
) -> None:
    check = case.partition(":")[0]
    # A host that was signed otherwise is a signature that differs.
    off: list[Any] = [other for other in CHECKS if other != check and (check, other) != ("host", "signature")]
    emulator = Emulator(clock=clock, loose=off)
    assert emulator.handle(broken(case, emulator)).status in (400, 401, 415)


def test_a_strict_emulator_has_no_check_off_and_all_means_all() -> None:
    assert Emulator().loose == frozenset()
    assert Emulator(loose=["date"]).loose == {"date"}
    assert Emulator(loose=["all"]).loose == set(CHECKS)
    assert Emulator(loose=["all", "date", "date"]).loose == set(CHECKS)


@pytest.mark.parametrize(
    ("authorization", "message"),
    [("HMAC-SHA256 nonsense", "header structure"), ("Bearer not.a.jwt", "Denied"), ("Bearer ", "Denied")],
)
def test_what_is_no_credential_at_all_is_refused_with_all_checks_off(
    clock: Any, authorization: str, message: str
) -> None:
    emulator = Emulator(clock=clock, loose=["all"])
    response = emulator.handle(Request("POST", TARGET, {"Authorization": authorization}))
    assert response.status == 401
    assert message in response.body.decode()


def test_the_newest_version_that_has_the_operation_counts(clock: Any) -> None:
    emulator = Emulator(clock=clock, loose=["api-version", "signature"])

    def ask(method: str, path: str, version: str) -> Response:
        return emulator.handle(Request(method, f"{path}?api-version={version}", {"Host": "h"}))

    identity = json.loads(ask("POST", "/identities", "x").body)["identity"]["id"]
    # Only a preview has this operation.
    assert json.loads(ask("GET", f"/identities/{identity}", "x").body)["id"] == identity
    assert ask("GET", f"/identities/{identity}", "2023-10-01").status == 405, "a version that is known stays"
    assert ask("BREW", "/identities", "x").status == 405
    assert ask("POST", "/identities", "2026-09-23&api-version=x").status == 400, "two versions stay ambiguous"
    assert ask("POST", "/elsewhere", "x").status == 404


def test_a_token_of_another_issuer_is_exchanged_as_what_it_says(clock: Any) -> None:
    tenant, user = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
    emulator = Emulator(clock=clock, loose=["entra"])
    claims = {"tid": tenant, "oid": user, "azp": "app", "scp": "Chat", "groups": ["g", 5], "exp": "never"}
    token = jwt.encode(claims, "a shared secret that is long enough, as it must be")
    read = emulator.entra.verify(token, for_exchange=True)
    assert (read.tenant_id, read.object_id, read.client_id) == (tenant, user, "app")
    assert (read.permissions, read.group_ids) == (("Chat",), ("g",))
    assert (read.expires_on - clock.now).total_seconds() == 3600, "one that has ended is taken for an hour"


@pytest.mark.parametrize("payload", ["[]", "5", '"x"', '{"exp": 1e400}', '{"exp": true, "tid": 5, "groups": {}}'])
def test_odd_claims_never_break_a_loose_emulator(clock: Any, payload: str) -> None:
    emulator = Emulator(clock=clock, loose=["entra"])
    parts = ['{"alg":"none"}', payload, ""]
    token = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    response = emulator.handle(Request("POST", TARGET, {"Authorization": f"Bearer {token}"}))
    assert response.status == (201 if payload.startswith("{") else 401)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("dates", "did you mean date?"), ("Signature", "did you mean signature?"), ("", "The checks are")],
)
def test_an_unknown_check_is_refused_with_a_suggestion(name: Any, hint: str) -> None:
    with pytest.raises(ValueError, match="There is no check") as caught:
        Emulator(loose=[name])
    assert hint in str(caught.value)
    result = CliRunner().invoke(app, ["start", "--loose", name], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert hint in result.stderr
    assert "Traceback" not in result.output


def test_a_single_text_in_the_place_of_a_list_is_refused() -> None:
    text: Any = "date"
    with pytest.raises(TypeError, match=r"for example \['date'\]"):
        Emulator(loose=text)


def test_the_command_says_which_checks_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    from acs_identity_emulator import EmulatorServer

    # The command ends as soon as the server seems to have died.
    monkeypatch.setattr(EmulatorServer, "is_running", False)
    loose = CliRunner().invoke(app, ["start", "--port", "0", "--loose", "signature", "--loose", "date"])
    assert "Warning: these checks of the service are off: date, signature." in loose.stderr
    strict = CliRunner().invoke(app, ["start", "--port", "0"])
    assert "are off" not in strict.stderr


def test_a_loose_emulator_logs_as_a_strict_one(clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    emulator = Emulator(clock=clock, loose=["all"])
    with caplog.at_level(logging.INFO, "acs_identity_emulator"):
        emulator.handle(Request("POST", TARGET))
    assert "POST /identities 201" in caplog.text
    assert emulator.journal.entries()[-1].signature is None
