"""A cassette is held against the emulator: what is the same is not reported, and what is not is, at its place."""

import base64
import copy
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import yaml
from typer.testing import CliRunner

from acs_identity._signing import decode_access_key, sign
from acs_identity.cli.app import app
from acs_identity.testing._drift import Report, differences
from acs_identity.testing._recorded import CassetteError
from acs_identity.testing._scrubbing import scrub
from acs_identity_emulator import Emulator, Request

from .conftest import Suite

pytest_plugins = ["pytester"]

VERSION = "2026-09-23"
PREVIEW = "2025-03-02-preview"
TENANT = "9e3c1c3c-0c5e-4c26-9f43-1a52a5f9a7f1"
USER = "c8f6f3a3-5c44-4c13-8a6a-6a6b8ec5d1f2"
GROUP = "f2a7b8f1-2b5a-4e7a-9a77-2f3f1d4c5b60"
APPLICATION = "5d2b6a0e-7a0c-4a0b-8a59-b8c7f1f0e3d4"
FOREIGN = "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000"


class Recorder:
    """Asks an emulator and keeps what was said as vcrpy does."""

    def __init__(self, **options: Any) -> None:
        self.emulator = Emulator(**options)
        self.interactions: list[dict[str, Any]] = []

    def ask(
        self, method: str, path: str, body: Any = None, *, bearer: str | None = None, version: str = VERSION
    ) -> dict[str, Any]:
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        target = f"{path}{'&' if '?' in path else '?'}api-version={version}"
        uri = f"http://emulator.localhost{target}"
        headers = {"Host": "emulator.localhost", "Content-Type": "application/json"}
        if bearer is None:
            headers |= sign(method, uri, content, decode_access_key(self.emulator.access_key), datetime.now(UTC))
        else:
            headers["Authorization"] = f"Bearer {bearer}"
        answer = self.emulator.handle(Request(method, target, headers, content))
        self.interactions.append(
            {
                "request": {
                    "method": method,
                    "uri": uri,
                    "body": content.decode("utf-8", "surrogateescape") if content else None,
                    "headers": {name: [value] for name, value in headers.items()},
                },
                "response": {
                    "status": {"code": answer.status, "message": "OK"},
                    "headers": {name: [value] for name, value in answer.headers.items()},
                    "body": {"string": answer.body.decode()},
                },
            }
        )
        return json.loads(answer.body) if answer.body else {}

    def create(self, scopes: list[str] | None = None, **members: Any) -> str:
        body = members if scopes is None else {**members, "createTokenWithScopes": scopes}
        version = PREVIEW if "customId" in members else VERSION
        return str(self.ask("POST", "/identities", body, version=version)["identity"]["id"])

    def assign(self, kind: str, object_id: str, **members: Any) -> None:
        at = f"/tenants/{TENANT}" if kind == "teamsExtension" else ""
        tenant = {} if at else {"tenantId": TENANT}
        body = {"principalType": "user", "clientIds": [APPLICATION], **tenant, **members}
        self.ask("PUT", f"/access/{kind}{at}/assignments/{object_id}", body, version=PREVIEW)

    def exchange(self, kind: str, **claims: Any) -> dict[str, Any]:
        claims = {"tenant_id": TENANT, "client_id": APPLICATION, "object_id": USER, **claims}
        token = self.emulator.entra.issue_token(**claims)
        return self.ask("POST", f"/access/{kind}/:exchangeAccessToken", {}, bearer=token, version=PREVIEW)

    def exchange_teams(self, token: str, **members: Any) -> dict[str, Any]:
        body = {"token": token, "appId": APPLICATION, "userId": USER, **members}
        return self.ask("POST", "/teamsUser/:exchangeAccessToken", body)

    def teams_token(self, **claims: Any) -> str:
        claims = {"tenant_id": TENANT, "client_id": APPLICATION, "object_id": USER, **claims}
        return self.emulator.entra.issue_token(**claims)

    @property
    def document(self) -> dict[str, Any]:
        """The cassette, safe to publish."""
        return {"version": 1, "interactions": scrub(self.interactions).interactions}

    def since(self, count: int) -> dict[str, Any]:
        """The cassette without what was asked first."""
        return {"version": 1, "interactions": scrub(self.interactions[count:]).interactions}


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def path_of(raw_id: str, action: str = "") -> str:
    return f"/identities/{quote(raw_id, safe='')}{action}"


def shown(report: Report) -> list[str]:
    return [str(each) for each in report.differences]


def no_drift(document: object, compared: int) -> None:
    report = differences(document)
    assert shown(report) == []
    assert (report.compared, report.not_compared) == (compared, ())


def typed(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own: pytester takes away the modules that a test loads."""
    command = [sys.executable, "-m", "acs_identity.cli", "recordings", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


# Every version through the whole way: client, vcrpy, scrubbing, file

SUITE = """
import importlib.resources, json
import pytest, requests
from azure.core.pipeline.transport import HttpRequest
import acs_identity_rest
from datetime import UTC, datetime
from urllib.parse import quote
from acs_identity._signing import decode_access_key, sign

TENANT = "9e3c1c3c-0c5e-4c26-9f43-1a52a5f9a7f1"
USER = "c8f6f3a3-5c44-4c13-8a6a-6a6b8ec5d1f2"
APPLICATION = "5d2b6a0e-7a0c-4a0b-8a59-b8c7f1f0e3d4"
VERSIONS = VERSIONS_

@pytest.mark.vcr
@pytest.mark.parametrize("version", VERSIONS)
def test_operations(acs_target, version):
    contract = importlib.resources.files("acs_identity_rest") / "contract" / version / "CommunicationIdentity.json"
    paths = json.loads(contract.read_text("utf-8"))["paths"]
    left = {(method.upper(), path) for path, item in paths.items() for method in item if method != "parameters"}

    def ask(method, template, body=None, bearer=None, expected=(200, 201, 204), **parts):
        if (method, template) not in {(method.upper(), path) for path in paths for method in paths[path]}:
            return {}
        left.discard((method, template))
        path = template.format(**{name: quote(part, safe="") for name, part in parts.items()})
        url = f"{acs_target.endpoint}{path}?api-version={version}"
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
        if bearer is None:
            headers |= sign(method, url, content, decode_access_key(acs_target.access_key), datetime.now(UTC))
        else:
            headers["Authorization"] = "Bearer " + bearer
        answer = requests.request(method, url, data=content, headers=headers, timeout=20)
        assert answer.status_code in expected, (method, template, answer.text)
        return answer.json() if answer.content else {}

    created = ask("POST", "/identities", {})
    alice = created.get("id") or created["identity"]["id"]
    for issue in ("/identities/{id}/:issueAccessToken", "/identities/{id}/token"):
        ask("POST", issue, {"scopes": ["chat", "voip"]}, id=alice)
        ask("POST", issue, {"scopes": []}, expected=(400,), id=alice)
    if version >= "2021":
        ask("POST", "/identities", {"createTokenWithScopes": ["voip"]})
    if version >= "2022-10":
        ask("POST", "/identities", {"createTokenWithScopes": ["voip"], "expiresInMinutes": 60})
        ask("POST", "/identities", {"createTokenWithScopes": ["voip"], "expiresInMinutes": 59}, expected=(400,))
    if version == "2025-03-02-preview":
        ask("POST", "/identities", {"customId": "alice@contoso.com", "createTokenWithScopes": ["chat"]})
        bob = ask("POST", "/identities", {"customId": "alice@contoso.com"})["identity"]["id"]
        ask("GET", "/identities/{id}", id=bob)
    ask("POST", "/identities/{id}/:revokeAccessTokens", id=alice)
    ask("PATCH", "/identities/{id}", {"tokensValidFrom": "2026-11-22T00:00:00Z"}, id=alice)
    ask("DELETE", "/identities/{id}", id=alice)
    ask("DELETE", "/identities/{id}", expected=(404,), id=alice)
    entra = getattr(acs_target.emulator, "entra", None)
    token = entra.issue_token(tenant_id=TENANT, client_id=APPLICATION, object_id=USER) if entra else "played.back"
    bodies = {"token": token} if version == "2021-10-31-preview" else {
        "token": token, "appId": APPLICATION, "userId": USER
    }
    ask("POST", "/teamsUser/:exchangeAccessToken", bodies)
    ask("POST", "/teamsUser/:exchangeAccessToken", {**bodies, "token": "garbage"}, expected=(401,))
    for kind in ("teamsExtension", "entra"):
        exchange = f"/access/{kind}/:exchangeAccessToken"
        ask("POST", exchange, {}, bearer=token, expected=(403,))
        at = "/access/teamsExtension/tenants/{tenantId}/assignments/{objectId}"
        at = at if kind == "teamsExtension" else "/access/entra/assignments/{objectId}"
        body = {"principalType": "user", "clientIds": [APPLICATION], "tenantId": TENANT}
        if kind == "teamsExtension":
            del body["tenantId"]
        for method, content in (("PUT", body), ("PUT", body), ("GET", None)):
            ask(method, at, content, tenantId=TENANT, objectId=USER)
        if kind == "entra":
            ask("GET", "/access/entra/assignments")
            ask("PATCH", "/access/entra/assignments", {USER: body, TENANT: {**body, "principalType": "tenant"}})
        ask("POST", exchange, {}, bearer=token)
        ask("DELETE", at, tenantId=TENANT, objectId=USER)
        ask("GET", at, expected=(404,), tenantId=TENANT, objectId=USER)
    assert left == set()
"""


@pytest.mark.once
def test_no_operation_of_any_version_drifts_from_what_the_emulator_was_recorded_with(suite: Suite) -> None:
    import acs_identity_rest

    versions = list(acs_identity_rest.API_VERSIONS)
    suite.write(SUITE.replace("VERSIONS_", repr(versions)))
    suite.record(passed=len(versions))
    assert len(suite.cassettes) == len(versions)
    result = typed("drift", "--json", suite.folder)
    assert (result.returncode, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert (report["cassettes"], report["differences"], report["not_compared"]) == (len(versions), [], [])
    assert report["compared"] > 10 * len(versions)


@pytest.mark.once
def test_recordings_of_clients_show_no_drift_in_the_command(suite: Suite) -> None:
    suite.write(CLIENTS)
    suite.record(passed=2)
    result = typed("drift", suite.folder)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == "0 differences in 9 answers of 2 cassettes.\n"


CLIENTS = """
import azure.communication.identity as official
import pytest
from acs_identity import CommunicationIdentityClient

@pytest.mark.vcr
def test_ours(acs_target):
    with CommunicationIdentityClient.from_connection_string(acs_target.connection_string) as client:
        alice, token = client.create_user_and_token(["chat"])
        bob = client.create_user()
        client.get_token(bob, ["voip"])
        client.revoke_tokens(alice)
        client.delete_user(alice)
        client.delete_user(bob)

@pytest.mark.vcr
def test_official(acs_target):
    client = official.CommunicationIdentityClient(acs_target.endpoint, acs_target.access_key)
    user, token = client.create_user_and_token(["chat"])
    client.get_token(user, ["voip"])
    client.delete_user(user)
"""


# What differs is reported where it is


def body_of(document: dict[str, Any], number: int) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(document["interactions"][number - 1]["response"]["body"]["string"])
    return value


def put_body(document: dict[str, Any], number: int, value: object) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    document["interactions"][number - 1]["response"]["body"]["string"] = text


def claims_changed(token: str, **claims: object) -> str:
    head, middle, signature = token.split(".")
    members = {**json.loads(base64.urlsafe_b64decode(middle + "==")), **claims}
    text = base64.urlsafe_b64encode(json.dumps(members, separators=(",", ":")).encode()).decode().rstrip("=")
    return f"{head}.{text}.{signature}"


def change_status(document: dict[str, Any]) -> None:
    document["interactions"][0]["response"]["status"]["code"] = 200


def change_content_type(document: dict[str, Any]) -> None:
    headers = document["interactions"][0]["response"]["headers"]
    name = next(name for name in headers if name.lower() == "content-type")
    headers[name] = ["text/json"]


def add_retry_after(document: dict[str, Any]) -> None:
    document["interactions"][0]["response"]["headers"]["Retry-After"] = ["7"]


def remove_versions(document: dict[str, Any]) -> None:
    headers = document["interactions"][2]["response"]["headers"]
    del headers[next(name for name in headers if name.lower() == "api-supported-versions")]


def change_body(number: int, change: Callable[[Any], object]) -> Callable[[dict[str, Any]], None]:
    def apply(document: dict[str, Any]) -> None:
        body = body_of(document, number)
        replaced = change(body)
        put_body(document, number, body if replaced is None else replaced)

    return apply


def change_scope(body: dict[str, Any]) -> None:
    body["accessToken"]["token"] = claims_changed(body["accessToken"]["token"], acsScope="chat,voip")


def change_lifetime(body: dict[str, Any]) -> None:
    claims = json.loads(base64.urlsafe_b64decode(body["accessToken"]["token"].split(".")[1] + "=="))
    body["accessToken"]["token"] = claims_changed(body["accessToken"]["token"], exp=claims["exp"] - 82800)


CREATE = "POST /identities"
ISSUE = "POST /identities/REDACTED/:issueAccessToken"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (change_status, f"1. {CREATE}: status: 200 recorded, 201 by the emulator"),
        (
            change_content_type,
            (
                f'1. {CREATE}: header content-type: "text/json" recorded, "application/json; charset=utf-8" by the'
                " emulator"
            ),
        ),
        (add_retry_after, f'1. {CREATE}: header retry-after: "7" recorded, nothing by the emulator'),
        (
            change_body(1, lambda body: body["identity"].update(kind="user")),
            f'1. {CREATE}: body identity.kind: "user" recorded, nothing by the emulator',
        ),
        (
            change_body(1, lambda body: body["accessToken"].pop("expiresOn") and None),
            (
                f'1. {CREATE}: body accessToken.expiresOn: nothing recorded, "2001-01-02T00:00:00.0000000+00:00" by the'
                " emulator"
            ),
        ),
        (
            change_body(1, lambda body: body["accessToken"].update(expiresOn="2001-01-02T00:00:00+00:00")),
            (
                f'1. {CREATE}: body accessToken.expiresOn: "2001-01-02T00:00:00+00:00" recorded,'
                ' "2001-01-02T00:00:00.0000000+00:00" by the emulator'
            ),
        ),
        (
            change_body(1, lambda body: body["accessToken"].update(expiresOn=978393600)),
            (
                f"1. {CREATE}: body accessToken.expiresOn: 978393600 recorded,"
                ' "2001-01-02T00:00:00.0000000+00:00" by the emulator'
            ),
        ),
        (
            change_body(1, lambda body: body["accessToken"].update(token="")),
            f'1. {CREATE}: body accessToken.token: "" recorded,',
        ),
        (
            change_body(1, change_scope),
            f'1. {CREATE}: body accessToken.token claim acsScope: "chat,voip" recorded, "chat" by the emulator',
        ),
        (
            change_body(1, change_lifetime),
            f"1. {CREATE}: body accessToken.token claim lifetime: 3600 recorded, 86400 by the emulator",
        ),
        (
            change_body(2, lambda body: body["error"].update(code="NotFound")),
            f'2. {ISSUE}: body error.code: "NotFound" recorded, "ValidationError" by the emulator',
        ),
        (
            change_body(2, lambda body: body["error"].update(message="No scopes.")),
            (
                f'2. {ISSUE}: body error.message: "No scopes." recorded, "Invalid scopes - Scopes field is required."'
                " by the emulator"
            ),
        ),
        (
            change_body(2, lambda body: body["error"].update(details=[])),
            f"2. {ISSUE}: body error.details: [] recorded, nothing by the emulator",
        ),
        (change_body(2, lambda body: "oops"), f'2. {ISSUE}: body: "oops" recorded, '),
        (change_body(2, lambda body: body["error"].pop("target") and None), f"2. {ISSUE}: body error.target: nothing"),
        (remove_versions, "3. DELETE /identities/REDACTED: header api-supported-versions: nothing recorded,"),
        (change_body(1, lambda body: [True]), f"1. {CREATE}: body: [true] recorded,"),
    ],
    ids=[
        "status",
        "content type",
        "retry after",
        "additional member",
        "missing member",
        "form of a time",
        "type",
        "empty token",
        "scope",
        "lifetime",
        "code",
        "message",
        "empty list",
        "no JSON",
        "missing target",
        "missing header",
        "list",
    ],
)
def test_what_differs_is_reported_at_its_place(
    recorder: Recorder, change: Callable[[dict[str, Any]], None], expected: str
) -> None:
    user = recorder.create(["chat"])
    recorder.ask("POST", path_of(user, "/:issueAccessToken"), {"scopes": []})
    recorder.ask("DELETE", path_of(user))
    document = recorder.document
    no_drift(document, 3)
    change(document)
    (found,) = shown(differences(document))
    assert found.startswith(expected)


def test_an_identity_that_is_another_one_is_reported_without_its_id(recorder: Recorder) -> None:
    recorder.create(customId="alice")
    recorder.create(customId="alice")
    recorder.create(customId="bob")
    document = recorder.document
    no_drift(document, 3)
    put_body(document, 2, body_of(document, 3))
    found = shown(differences(document))
    assert any(each.startswith("2. POST /identities: body identity.id: ") for each in found)
    assert "another one, by the emulator" in found[-1]
    assert not any("8:acs:0" in each for each in found)


def test_only_what_differs_is_reported_and_not_what_follows_it(recorder: Recorder) -> None:
    users = [recorder.create(["chat"]) for _ in range(3)]
    for user in users:
        recorder.ask("POST", path_of(user, "/:issueAccessToken"), {"scopes": ["voip"]})
    document = recorder.document
    put_body(document, 1, {**body_of(document, 1), "more": 1})
    assert [each.interaction for each in differences(document).differences] == [1]


# What there was before the recording


def test_an_identity_that_was_there_before_is_there_again(recorder: Recorder) -> None:
    user, gone = recorder.create(), recorder.create()
    recorder.ask("DELETE", path_of(gone))
    recorder.ask("POST", path_of(user, "/:issueAccessToken"), {"scopes": ["voip"]})
    recorder.ask("DELETE", path_of(gone))
    recorder.ask("DELETE", path_of(user))
    no_drift(recorder.since(3), 3)


def test_a_custom_id_that_had_a_token_before_has_one_again(recorder: Recorder) -> None:
    user = recorder.create(["chat"], customId="alice")
    recorder.create(customId="alice")
    recorder.ask("GET", path_of(user), version=PREVIEW)
    no_drift(recorder.since(1), 2)
    no_drift(recorder.since(2), 1)


@pytest.mark.parametrize("kind", ["teamsExtension", "entra"])
def test_assignments_that_were_there_before_are_there_again(recorder: Recorder, kind: str) -> None:
    at = f"/access/{kind}{f'/tenants/{TENANT}' if kind == 'teamsExtension' else ''}/assignments/{USER}"
    recorder.assign(kind, USER)
    recorder.exchange(kind)
    recorder.ask("GET", at, version=PREVIEW)
    recorder.assign(kind, USER)
    recorder.ask("DELETE", at, version=PREVIEW)
    recorder.exchange(kind)
    no_drift(recorder.since(0), 6)
    no_drift(recorder.since(1), 5)
    no_drift({"interactions": recorder.since(1)["interactions"][:1]}, 1)


def test_an_exchange_by_way_of_a_group_or_a_tenant_is_made_again(recorder: Recorder) -> None:
    recorder.exchange("entra", group_ids=[GROUP])
    recorder.assign("entra", GROUP, principalType="group")
    recorder.exchange("entra", group_ids=[GROUP], scope="Chat VoIP.Join")
    recorder.ask("DELETE", f"/access/entra/assignments/{GROUP}", version=PREVIEW)
    recorder.assign("entra", TENANT, principalType="tenant")
    recorder.exchange("entra", expires_in=timedelta(minutes=20))
    no_drift(recorder.document, 6)
    for interaction in recorder.interactions:
        interaction["request"]["headers"].pop("Authorization")
    no_drift(recorder.document, 6)


def test_an_entra_token_is_as_old_as_it_was(recorder: Recorder) -> None:
    recorder.assign("entra", USER)
    token = recorder.teams_token()
    recorder.emulator.clock.advance(timedelta(minutes=10))
    recorder.ask("POST", "/access/entra/:exchangeAccessToken", {}, bearer=token, version=PREVIEW)
    recorder.exchange_teams(token)
    no_drift(recorder.document, 3)


def test_a_list_of_assignments_may_have_another_order(recorder: Recorder) -> None:
    for number in (3, 1, 2):
        recorder.assign("entra", f"{number * 11111111:08x}-0c5e-4c26-9f43-{number:012x}")
    recorder.ask("GET", "/access/entra/assignments", version=PREVIEW)
    no_drift(recorder.document, 4)


def test_a_list_of_assignments_is_read_page_by_page(recorder: Recorder) -> None:
    for number in (7, 3, 12, 1, 9, 4, 10, 2, 8, 11, 6, 5):
        recorder.assign("entra", f"{number * 11111111:08x}-0c5e-4c26-9f43-{number:012x}")
    page = recorder.ask("GET", "/access/entra/assignments", version=PREVIEW)
    parts = urlsplit(str(page["nextLink"]))
    recorder.ask("GET", f"{parts.path}?{parts.query.split('&')[-1]}", version=PREVIEW)
    no_drift(recorder.document, 14)
    no_drift(recorder.since(12), 2)


# Identities and tokens that are refused


def test_an_identity_of_another_resource_is_refused_again(recorder: Recorder) -> None:
    recorder.ask("DELETE", path_of(FOREIGN))
    recorder.ask("DELETE", path_of(FOREIGN.replace("0000_", "0001_")))
    recorder.ask("DELETE", path_of("8:acs:nobody"))
    no_drift(recorder.document, 3)
    recorder.create()
    no_drift(recorder.document, 4)


def test_another_api_version_is_refused_again(recorder: Recorder) -> None:
    user = recorder.create()
    recorder.ask("DELETE", path_of(user), version="1999-01-01")
    recorder.ask("GET", path_of(user))
    recorder.ask("GET", "/identities/nobody/here")
    no_drift(recorder.document, 4)


def test_entra_tokens_that_were_refused_are_refused_again(recorder: Recorder) -> None:
    recorder.exchange_teams("")
    recorder.exchange_teams("garbage")
    recorder.exchange_teams(recorder.teams_token(expires_in=timedelta(hours=-1)))
    recorder.exchange_teams(recorder.teams_token(), appId="invalid")
    recorder.exchange_teams(recorder.teams_token(), appId=GROUP)
    recorder.exchange_teams(recorder.teams_token(object_id=GROUP))
    recorder.exchange_teams(recorder.teams_token())
    assert [each["response"]["status"]["code"] for each in recorder.interactions] == [401] * 3 + [400] * 3 + [200]
    no_drift(recorder.document, 7)


def test_what_a_recording_cannot_tell_is_not_compared(recorder: Recorder) -> None:
    other = Emulator(resource_id=USER)
    recorder.exchange_teams(other.entra.issue_token(object_id=USER, client_id=APPLICATION))
    recorder.ask("POST", "/identities", {}, bearer="garbage")
    recorder.exchange("entra", audience="https://graph.microsoft.com")
    recorder.ask("POST", "/identities", {"customId": "x" * 257}, version=PREVIEW)
    recorder.emulator.limits.set({"create_identity": 1})
    recorder.create()
    recorder.ask("POST", "/identities", {})
    document = recorder.document
    codes = [each["response"]["status"]["code"] for each in document["interactions"]]
    assert codes == [401, 401, 401, 400, 201, 429]
    report = differences(document)
    assert shown(report) == []
    assert [each.interaction for each in report.not_compared] == [1, 2, 3, 4, 6]
    assert "Entra ID token that the recording does not have" in str(report.not_compared[0])
    assert "credentials were refused" in str(report.not_compared[1])
    assert "custom id was refused" in str(report.not_compared[3])
    assert "answered 429" in str(report.not_compared[4])


# Cassettes of others


def test_a_plain_recording_is_compared_and_nothing_of_it_is_shown(recorder: Recorder) -> None:
    user = recorder.create(["chat"], customId="alice@contoso.com")
    token = recorder.ask("POST", path_of(user, "/:issueAccessToken"), {"scopes": ["voip"]})["token"]
    document = {"version": 1, "interactions": copy.deepcopy(recorder.interactions)}
    no_drift(document, 2)
    put_body(document, 1, {"identity": {"id": user, "more": user}, "accessToken": token, "token": [token]})
    put_body(document, 2, f"{user} {token} {quote(user)}")
    kept = copy.deepcopy(document)
    found = " ".join(shown(differences(document)))
    assert "body identity.more" in found
    resource = recorder.emulator.resource_id
    assert [each for each in (user, token, token[:20], resource, "alice@contoso.com") if each in found] == []
    assert document == kept


def test_earlier_forms_of_cassettes_are_read(recorder: Recorder) -> None:
    recorder.create(["chat"])
    recorder.create(["voip"])
    document = recorder.document
    first, second = (each["response"] for each in document["interactions"])
    content = first.pop("body")["string"]
    first.update(content=content, status_code=first.pop("status")["code"], http_version="HTTP/1.1")
    first["headers"] = {name: values[0] for name, values in first["headers"].items()}
    second["body"] = {"base64_string": base64.b64encode(second["body"]["string"].encode()).decode()}
    no_drift(document, 2)


@pytest.mark.parametrize("document", [None, "text", 7, [], {}, {"interactions": None}, {"interactions": {"a": 1}}])
def test_what_is_no_cassette_is_an_error(document: object) -> None:
    with pytest.raises(CassetteError, match="no list of interactions"):
        differences(document)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {},
        {"request": None, "response": None},
        {"request": {"method": "GET", "uri": "http://["}, "response": {}},
        {"request": {"method": "GET", "uri": "/identities"}, "response": {"status": {"code": "200"}}},
        {"request": {"method": "GET", "uri": "/identities"}, "response": {"status": 200}},
        {
            "request": {"method": "GET", "uri": "/identities"},
            "response": {"status": {"code": 200}, "body": {"base64_string": "A"}},
        },
    ],
)
def test_what_is_no_interaction_is_not_compared(recorder: Recorder, broken: object) -> None:
    recorder.create()
    report = differences({"interactions": [broken, *recorder.document["interactions"]]})
    assert (report.compared, shown(report)) == (1, [])
    assert [each.interaction for each in report.not_compared] == [1]


def test_requests_to_others_are_not_compared(recorder: Recorder) -> None:
    recorder.create()
    other = copy.deepcopy(recorder.interactions[0])
    other["request"]["uri"] = "https://contoso.example.com/users/8%3Aacs%3A1_2?code=hunter2hunter2"
    report = differences({"interactions": [other, *recorder.document["interactions"]]})
    assert (report.compared, shown(report)) == (1, [])
    (passed,) = report.not_compared
    assert str(passed).endswith("not compared: it is not for the identity service")
    assert "hunter2" not in str(passed)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"createTokenWithScopes": "chat"}',
        b"\xff\xfe",
        b"[" * 5000,
        b"[" * 500 + b"]" * 500,
        b'{"a":' * 300 + b"1" + b"}" * 300,
        b"x" * 1_100_000,
        b'"\\ud800"',
    ],
    ids=["none", "truncated", "wrong type", "no text", "deep", "closed", "deep objects", "huge", "surrogate"],
)
def test_whatever_was_sent_is_sent_again(recorder: Recorder, body: bytes) -> None:
    recorder.ask("POST", "/identities", body)
    if body == b"\xff\xfe":
        recorder.interactions[0]["request"]["body"] = body
    no_drift(recorder.document, 1)


def test_an_answer_that_cannot_be_read_is_a_difference_and_no_error(recorder: Recorder) -> None:
    recorder.create()
    for text in ("[" * 100_000, '{"a":' * 600 + "1" + "}" * 600, "\ud800", '{"identity":', "null"):
        document = recorder.document
        put_body(document, 1, text)
        (difference,) = differences(document).differences
        assert difference.field == "body"
        assert len(difference.recorded) < 250


def test_several_cassettes_at_once_do_not_disturb_each_other(recorder: Recorder) -> None:
    recorder.create(["chat"], customId="alice")
    recorder.create(customId="alice")
    document = recorder.document
    with ThreadPoolExecutor(4) as threads:
        reports = list(threads.map(differences, [document] * 8))
    assert reports == [Report(2, (), ())] * 8


# The command


@pytest.fixture
def cassette(recorder: Recorder, tmp_path: Path) -> Path:
    recorder.create(["chat"])
    recorder.ask("POST", path_of(FOREIGN, "/:issueAccessToken"), {"scopes": []})
    path = tmp_path / "test_users.yaml"
    path.write_text(yaml.safe_dump(recorder.document), encoding="utf-8")
    return path


def drift(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["recordings", "drift", *map(str, arguments)])


def drifting(cassette: Path) -> Path:
    path = cassette.with_name("drifting.yaml")
    text = cassette.read_text(encoding="utf-8")
    assert "ValidationError" in text
    path.write_text(text.replace("ValidationError", "NoScopes"), encoding="utf-8")
    return path


def test_the_command_says_that_nothing_differs(cassette: Path) -> None:
    result = drift(cassette)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "0 differences in 2 answers of 1 cassette.\n"


def test_the_command_shows_a_difference_in_one_line(cassette: Path) -> None:
    path = drifting(cassette)
    result = drift(cassette.parent)
    assert result.exit_code == 1
    assert result.stdout == (
        f'{path}: 2. {ISSUE}: body error.code: "NoScopes" recorded, "ValidationError" by the emulator\n'
    )
    assert result.stderr == "1 difference in 4 answers of 2 cassettes.\n"


def test_the_command_gives_json(cassette: Path) -> None:
    path = drifting(cassette)
    result = drift("--json", path, path)
    assert (result.exit_code, result.stderr) == (1, "")
    assert json.loads(result.stdout) == {
        "cassettes": 1,
        "compared": 2,
        "differences": [
            {
                "path": str(path),
                "interaction": 2,
                "request": ISSUE,
                "field": "body error.code",
                "recorded": '"NoScopes"',
                "emulator": '"ValidationError"',
            }
        ],
        "not_compared": [],
        "errors": [],
    }


def test_the_command_says_what_was_not_compared(recorder: Recorder, tmp_path: Path) -> None:
    recorder.ask("POST", "/identities", {}, bearer="garbage")
    path = tmp_path / "refused.json"
    path.write_text(json.dumps(recorder.document), encoding="utf-8")
    result = drift(path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.splitlines() == [
        "0 differences in 0 answers of 1 cassette.",
        "Not compared: 1, because its credentials were refused, and a recording does not have them.",
    ]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gone.yaml", None, "there is no such file or folder"),
        ("empty.yaml", b"", "It is no cassette of vcrpy: it has no list of interactions."),
        ("list.yaml", b"[1, 2]", "It is no cassette of vcrpy: it has no list of interactions."),
        ("broken.yaml", b"a: b\n  hunter2: [", "It is neither YAML nor JSON, see line 2."),
        ("value.yaml", b"a: !!bool hunter2", "It is neither YAML nor JSON."),
        ("day.yaml", b"a: 2026-13-45", "It is neither YAML nor JSON."),
        ("tag.yaml", b"a: !!python/object/apply:os.getcwd []", "It is neither YAML nor JSON, see line 1."),
        ("deep.json", b"[" * 100_000, "It is too deep to be a cassette."),
        ("recursive.yaml", b"&a [*a]", "It is no cassette of vcrpy: it has no list of interactions."),
        ("latin.yaml", "ä: ö".encode("latin-1"), "It is no text in UTF-8."),
    ],
)
def test_a_path_that_cannot_be_read_is_named_and_the_others_are_compared(
    cassette: Path, name: str, content: bytes | None, reason: str
) -> None:
    path = cassette.with_name(name)
    if content is not None:
        path.write_bytes(content)
    result = drift(path, cassette)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"{path}: {reason}\n0 differences in 2 answers of 1 cassette.\n"


def test_other_files_in_a_folder_are_passed_over(cassette: Path) -> None:
    cassette.with_name("settings.yml").write_text("a: 1", encoding="utf-8")
    cassette.with_name("notes.txt").write_text("interactions: []", encoding="utf-8")
    result = drift(cassette.parent)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "0 differences in 2 answers of 1 cassette.\n"


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_on_a_terminal_it_shows_how_far_it_is_when_it_takes_long(
    cassette: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    ticks = iter(range(1000))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("acs_identity.cli.recordings.monotonic", lambda: seconds * next(ticks))
    result = drift(cassette)
    assert result.exit_code == 0
    assert ("Comparing" in result.stderr) == bool(seconds)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [([], "Missing argument"), (["--jsn", "x"], "No such option"), (["--json"], "Missing argument")],
)
def test_a_mistyped_command_is_a_usage_error(arguments: list[str], said: str) -> None:
    result = drift(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(("module", "extra"), [("jwt", "emulator"), ("cryptography", "emulator"), ("yaml", "testing")])
def test_without_an_extra_the_command_says_what_to_install(
    cassette: Path, monkeypatch: pytest.MonkeyPatch, module: str, extra: str
) -> None:
    def find(name: str) -> object:
        return None if name == module else find_spec(name)

    monkeypatch.setattr("acs_identity.cli.recordings.find_spec", find)
    result = drift(cassette)
    assert result.exit_code == 2
    assert f'pip install "acs-identity[cli,{extra}]"' in result.stderr
