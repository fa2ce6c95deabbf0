"""What is known of the live service, one test a fact: headers, bodies, errors, ids and tokens, signing, assignments.

The docstring of a test names where the fact was seen. Recordings of the live service that Microsoft published with the
tests of its clients: PY (Python, 2023), JS and NET (2025), CLI (Azure CLI, 2024), ADM (Python, 2020), NOCK (JavaScript,
2021 to 2022). Microsoft documentation: IDM (identity model), HMACDOC (signing), TPEDOC (Teams Phone extensibility),
ENTRADOC (Entra ID integration), HEADERS (REST reference). Sources of clients: NETSRC, JSPKG, PYPKG. Tokens: JWT25 (a
demonstration of 2025), SPEC20 (an example of the contract of 2020). Reports of users: issue numbers.

What is documented about rate limits is in test_facts_limits.py; what is not known, and assumed, in docs/emulator.md.
"""

import base64
import hashlib
import hmac
import http.client
import json
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from azure.communication.identity import CommunicationIdentityClient as OfficialClient

from acs_identity_emulator import Emulator, EmulatorServer, Request, Response

LATEST = "2026-09-23"
CUSTOM = "2025-03-02-preview"
FIRST = "2020-07-20-preview2"
FOREIGN = "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000"
TENANT = "c70d068c-2f32-484d-9455-73070cd5aadd"
APP = "2c3e1e83-8fd7-4615-ad2b-b8c1229845ac"
USER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"
TEAMS = "/teamsUser/:exchangeAccessToken"
ASSIGNMENT = f"/access/teamsExtension/tenants/{TENANT}/assignments/{USER}"

identity_operations = pytest.mark.parametrize(
    ("method", "suffix", "members"),
    [
        ("POST", "/:issueAccessToken", {"scopes": ["chat"]}),
        ("POST", "/:revokeAccessTokens", None),
        ("DELETE", "", None),
    ],
    ids=["issue", "revoke", "delete"],
)


def error(response: Response) -> tuple[int, str, str, str | None, bool]:
    """Status, code, message, target and whether the answer lists the API versions."""
    found = json.loads(response.body)["error"]
    assert set(found) <= {"code", "message", "target"}
    listed = "api-supported-versions" in response.headers
    return response.status, found["code"], found["message"], found.get("target"), listed


def entra_token(emulator: Emulator, **options: Any) -> str:
    return emulator.entra.issue_token(tenant_id=TENANT, client_id=APP, object_id=USER, **options)


def teams(call: Any, **changes: object) -> Response:
    members = {"token": entra_token(call.emulator), "appId": APP, "userId": USER, **changes}
    response: Response = call("POST", TEAMS, members)
    return response


def issue(call: Any, *scopes: str, **members: object) -> dict[str, str]:
    path = f"/identities/{call.new_identity()}/:issueAccessToken"
    found: dict[str, str] = json.loads(call("POST", path, {"scopes": list(scopes or ["chat"]), **members}).body)
    return found


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


# 1. Response headers


@pytest.fixture(params=["201", "200", "204", "400", "401"])
def answer(request: pytest.FixtureRequest, call: Any) -> Response:
    identity = call.new_identity()
    responses: dict[str, Response] = {
        "201": call("POST", "/identities"),
        "200": call("POST", f"/identities/{identity}/:issueAccessToken", {"scopes": ["chat"]}),
        "400": call("POST", "/identities", {"expiresInMinutes": 1}),
        "401": teams(call, token=""),
        "204": call("DELETE", f"/identities/{identity}"),
    }
    response = responses[request.param]
    assert response.status == int(request.param)
    return response


def test_an_answer_has_a_date_in_rfc_1123_form(answer: Response) -> None:
    """PY, JS, NET, CLI."""
    assert answer.headers["Date"] == "Thu, 01 Oct 2026 12:00:00 GMT"


def test_an_answer_has_a_correlation_vector_as_in_2024(answer: Response) -> None:
    """CLI."""
    assert re.fullmatch(r"[A-Za-z0-9+/]{22}\.2\.0", answer.headers["MS-CV"])


def test_the_request_context_is_always_an_empty_app_id(answer: Response) -> None:
    """PY, JS, NET, CLI."""
    assert answer.headers["Request-Context"] == "appId="


def test_strict_transport_security_is_that_of_2024_and_later(answer: Response) -> None:
    """CLI, JS, NET."""
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000;includeSubDomains"


def test_an_answer_has_a_reference_of_the_front_door(answer: Response) -> None:
    """PY, JS, NET, CLI."""
    assert len(base64.b64decode(answer.headers["X-Azure-Ref"], validate=True)) > 16


def test_an_answer_says_that_the_front_door_keeps_no_cache(answer: Response) -> None:
    """PY, JS, NET, CLI."""
    assert answer.headers["X-Cache"] == "CONFIG_NOCACHE"


def test_an_answer_has_its_processing_time_in_milliseconds(answer: Response) -> None:
    """PY, JS, NET, CLI."""
    assert re.fullmatch(r"\d+ms", answer.headers["X-Processing-Time"])


def test_an_answer_has_no_location_etag_error_code_or_request_id(answer: Response) -> None:
    """PY, JS, NET, CLI: in no recording."""
    names = {name.lower() for name in answer.headers}
    assert names.isdisjoint({"location", "etag", "x-ms-error-code", "x-ms-request-id"})


def test_a_success_lists_the_api_versions_also_without_a_body(call: Any) -> None:
    """PY, JS, NET, CLI."""
    for response in (call("POST", "/identities"), call("DELETE", f"/identities/{call.new_identity()}")):
        assert "2023-10-01" in response.headers["api-supported-versions"].split(", ")


def test_a_success_is_json_with_its_charset_and_its_length(call: Any) -> None:
    """PY, JS, NET, CLI; chunks were seen until 2021 only."""
    response = call("POST", "/identities")
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Content-Length"] == str(len(response.body))
    assert "Transfer-Encoding" not in response.headers


def test_an_answer_without_a_body_has_neither_content_type_nor_length(call: Any) -> None:
    """PY, JS, NET, CLI."""
    response = call("DELETE", f"/identities/{call.new_identity()}")
    assert response.status == 204
    assert {"Content-Type", "Content-Length", "Transfer-Encoding"}.isdisjoint(response.headers)


@pytest.mark.parametrize("wanted", [{}, {"x-ms-return-client-request-id": "true"}], ids=["JS", "PY"])
def test_the_client_request_id_comes_back_whether_it_is_asked_for_or_not(call: Any, wanted: dict[str, str]) -> None:
    """PY, JS."""
    response = call("POST", "/identities", headers={"x-ms-client-request-id": "8b0bf6b0", **wanted})
    assert response.headers["x-ms-client-request-id"] == "8b0bf6b0"


def test_no_client_request_id_comes_back_when_none_was_sent(call: Any) -> None:
    """CLI."""
    assert "x-ms-client-request-id" not in call("POST", "/identities").headers


def test_only_what_is_read_accepts_ranges(call: Any) -> None:
    """JS, NET: on GET 200 only."""
    identity = call.new_identity()
    read = call("GET", f"/identities/{identity}", version=CUSTOM)
    assert (read.status, read.headers["Accept-Ranges"]) == (200, "bytes")
    assert "Accept-Ranges" not in call("POST", "/identities").headers
    assert "Accept-Ranges" not in call("DELETE", f"/identities/{identity}").headers
    assert "Accept-Ranges" not in call("GET", f"/identities/{identity}", version=CUSTOM).headers


def connected(server: EmulatorServer) -> "closing[http.client.HTTPConnection]":
    return closing(http.client.HTTPConnection(server.endpoint.removeprefix("http://"), timeout=20))


def test_the_connection_is_kept(server: EmulatorServer) -> None:
    """JS, NET: the header is in the recordings of 2025."""
    with connected(server) as connection:
        connection.connect()
        used = connection.sock
        for expected, token in ((201, server.emulator.entra.issue_token()), (401, "x"), (400, "")):
            target = f"/identities?api-version={LATEST if expected != 400 else ''}"
            bearer = token or server.emulator.entra.issue_token()
            connection.request("POST", target, headers={"Authorization": f"Bearer {bearer}"})
            response = connection.getresponse()
            response.read()
            assert (response.status, response.headers["Connection"]) == (expected, "keep-alive")
            assert connection.sock is used


@pytest.mark.parametrize(
    ("version", "headers"),
    [(11, {"Connection": "close"}), (11, {"Connection": "TE, Close"}), (10, {})],
    ids=["close", "close-among-others", "1.0"],
)
def test_a_connection_that_ends_is_not_called_kept(
    server: EmulatorServer, monkeypatch: pytest.MonkeyPatch, version: int, headers: dict[str, str]
) -> None:
    """RFC 9112, 9.6."""
    monkeypatch.setattr(http.client.HTTPConnection, "_http_vsn", version)
    monkeypatch.setattr(http.client.HTTPConnection, "_http_vsn_str", f"HTTP/1.{version - 10}")
    with connected(server) as connection:
        connection.request("POST", f"/identities?api-version={LATEST}", headers=headers)
        response = connection.getresponse()
        assert "keep-alive" not in (response.headers["Connection"] or "")
        assert response.read().endswith(b"}}")


def test_an_error_is_json_without_a_charset_in_chunks(call: Any) -> None:
    """PY, JS."""
    response = call("POST", "/identities", {"expiresInMinutes": 1})
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in response.headers


def test_an_error_arrives_in_chunks(server: EmulatorServer) -> None:
    """PY, JS."""
    with connected(server) as connection:
        connection.request("POST", f"/identities?api-version={LATEST}")
        response = connection.getresponse()
        assert response.chunked
        assert json.loads(response.read())["error"]["code"] == "Denied"


def test_an_error_of_the_operation_lists_the_api_versions(call: Any) -> None:
    """PY, JS."""
    assert "api-supported-versions" in call("POST", "/identities", {"expiresInMinutes": 1}).headers
    assert "api-supported-versions" in call("DELETE", f"/identities/{FOREIGN}").headers


def test_an_error_of_an_earlier_stage_does_not_list_the_api_versions(call: Any) -> None:
    """PY: model validation and the check of the Teams token."""
    path = f"/identities/{call.new_identity()}/:issueAccessToken"
    assert "api-supported-versions" not in call("POST", path, {}).headers
    assert "api-supported-versions" not in teams(call, token="garbage").headers


def test_the_api_versions_are_listed_in_ascending_order_with_comma_and_blank(call: Any) -> None:
    """ADM, NOCK, PY, JS, NET."""
    listed = call("POST", "/identities").headers["api-supported-versions"]
    assert listed == ", ".join(sorted(re.split(r",\s*", listed)))


def test_identities_have_the_api_versions_of_2025_and_what_came_since(call: Any) -> None:
    """JS, NET; of 2021-11-01, which is in the recordings, no contract was ever published."""
    recorded = (
        "2020-07-20-preview2, 2021-03-07, 2021-10-31-preview, 2021-11-01, 2022-06-01, 2022-10-01, 2023-10-01, "
        "2025-03-02-preview"
    )
    listed = call("POST", "/identities").headers["api-supported-versions"]
    assert listed == f"{recorded.replace('2021-11-01, ', '')}, 2025-06-30, 2026-09-23"


def test_the_teams_exchange_lists_api_versions_of_its_own(call: Any) -> None:
    """PY: the list is one of the route."""
    recorded = "2021-10-31-preview, 2022-06-01, 2022-10-01, 2023-10-01"
    listed = teams(call).headers["api-supported-versions"]
    assert listed == f"{recorded}, 2025-03-02-preview, 2025-06-30, 2026-09-23"


# 2. Success bodies


@pytest.mark.parametrize("body", [b"", b"{}"], ids=["nothing", "an-empty-object"])
def test_creating_with_an_empty_body_gives_201_and_the_identity_alone(call: Any, body: bytes) -> None:
    """PY, JS, NET."""
    response = call("POST", "/identities", body=body, headers={"Content-Type": "application/json"})
    members = json.loads(response.body)
    assert (response.status, list(members), list(members["identity"])) == (201, ["identity"], ["id"])


def test_creating_with_scopes_gives_201_the_identity_and_the_token(call: Any) -> None:
    """PY, JS, NET."""
    response = call("POST", "/identities", {"createTokenWithScopes": ["chat"]})
    members = json.loads(response.body)
    assert (response.status, list(members)) == (201, ["identity", "accessToken"])
    assert list(members["accessToken"]) == ["token", "expiresOn"]


def test_a_known_custom_id_gives_201_and_the_same_identity(call: Any) -> None:
    """NET ("ShouldReturnExistingIdentity")."""
    first, second = (call("POST", "/identities", {"customId": "alice"}, version=CUSTOM) for _ in range(2))
    assert first.status == second.status == 201
    assert json.loads(first.body) == json.loads(second.body)


def test_an_identity_has_its_members_in_the_order_custom_id_last_token_id(call: Any) -> None:
    """NET."""
    body = {"customId": "alice", "createTokenWithScopes": ["chat"]}
    identity = json.loads(call("POST", "/identities", body, version=CUSTOM).body)["identity"]
    assert list(identity) == ["customId", "lastTokenIssuedAt", "id"]


def test_last_token_issued_at_is_absent_until_a_token_was_issued(call: Any) -> None:
    """NET, JS."""
    identity = json.loads(call("POST", "/identities", {"customId": "alice"}, version=CUSTOM).body)["identity"]
    assert list(identity) == ["customId", "id"]
    call("POST", f"/identities/{identity['id']}/:issueAccessToken", {"scopes": ["chat"]}, version=CUSTOM)
    read = json.loads(call("GET", f"/identities/{identity['id']}", version=CUSTOM).body)
    assert list(read) == ["customId", "lastTokenIssuedAt", "id"]


def test_reading_an_identity_gives_200_and_its_members_unwrapped(call: Any) -> None:
    """JS, NET."""
    body = {"customId": "alice", "createTokenWithScopes": ["chat"]}
    identity = json.loads(call("POST", "/identities", body, version=CUSTOM).body)["identity"]
    response = call("GET", f"/identities/{identity['id']}", version=CUSTOM)
    assert (response.status, json.loads(response.body)) == (200, identity)


def test_issuing_gives_200_the_token_and_its_end(call: Any) -> None:
    """PY, JS, NET."""
    response = call("POST", f"/identities/{call.new_identity()}/:issueAccessToken", {"scopes": ["chat"]})
    assert (response.status, list(json.loads(response.body))) == (200, ["token", "expiresOn"])


def test_revoking_with_an_empty_body_gives_204_and_nothing(call: Any) -> None:
    """PY, JS, NET, CLI."""
    response = call("POST", f"/identities/{call.new_identity()}/:revokeAccessTokens")
    assert (response.status, response.body) == (204, b"")


def test_deleting_gives_204_and_nothing(call: Any) -> None:
    """PY, JS, NET."""
    response = call("DELETE", f"/identities/{call.new_identity()}")
    assert (response.status, response.body) == (204, b"")


def test_exchanging_the_token_of_a_teams_user_gives_200_the_token_and_its_end(call: Any) -> None:
    """PY, JS, NET."""
    response = teams(call)
    assert (response.status, list(json.loads(response.body))) == (200, ["token", "expiresOn"])


def test_the_first_preview_answers_200_200_204_204(call: Any) -> None:
    """ADM: create, token, update and delete, with bodies of their own."""
    created = call("POST", "/identities", version=FIRST)
    identity = json.loads(created.body)["id"]
    path = f"/identities/{identity}"
    token = call("POST", f"{path}/token", {"scopes": ["chat"]}, version=FIRST)
    updated = call("PATCH", path, {}, version=FIRST, headers={"Content-Type": "application/merge-patch+json"})
    deleted = call("DELETE", path, version=FIRST)
    assert [response.status for response in (created, token, updated, deleted)] == [200, 200, 204, 204]
    assert list(json.loads(created.body)) == ["id"]
    assert list(json.loads(token.body)) == ["id", "token", "expiresOn"]
    assert updated.body == deleted.body == b""


def test_the_end_of_a_token_has_seven_fraction_digits_and_a_spelled_out_offset(call: Any) -> None:
    """NOCK: a plain plus sign, never Z."""
    body = call("POST", f"/identities/{call.new_identity()}/:issueAccessToken", {"scopes": ["chat"]}).body
    assert re.search(rb'"expiresOn":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00"', body)


def test_the_end_of_a_token_is_now_and_its_minutes_with_the_part_of_a_second(call: Any, clock: Any) -> None:
    """NET: asked at 15:32:27 for 120 minutes, the end was 17:32:27.2078535."""
    clock.now = datetime(2025, 4, 14, 15, 32, 27, 207_853, tzinfo=UTC)
    assert issue(call, expiresInMinutes=120)["expiresOn"] == "2025-04-14T17:32:27.2078530+00:00"


def test_last_token_issued_at_is_in_whole_seconds_and_new_in_the_answer_that_issues(call: Any, clock: Any) -> None:
    """NET."""
    clock.now = datetime(2025, 4, 14, 15, 32, 27, 207_853, tzinfo=UTC)
    body = {"createTokenWithScopes": ["chat"]}
    identity = json.loads(call("POST", "/identities", body, version=CUSTOM).body)["identity"]
    assert identity["lastTokenIssuedAt"] == "2025-04-14T15:32:27+00:00"


def test_a_custom_id_is_kept_over_days_with_the_time_of_its_last_token(call: Any, clock: Any) -> None:
    """JS: the run of one day got the time of the run of the day before."""
    clock.now = datetime(2025, 4, 14, 15, 32, 27, tzinfo=UTC)
    first = json.loads(
        call("POST", "/identities", {"customId": "alice", "createTokenWithScopes": ["chat"]}, version=CUSTOM).body
    )
    clock.advance(days=1)
    second = json.loads(call("POST", "/identities", {"customId": "alice"}, version=CUSTOM).body)
    assert second["identity"] == first["identity"]


def test_a_request_with_a_bearer_token_needs_neither_date_nor_content_hash(call: Any, emulator: Emulator) -> None:
    """PY."""
    headers = {"Host": "emulator.localhost", "Authorization": f"Bearer {emulator.entra.issue_token()}"}
    assert emulator.handle(Request("POST", f"/identities?api-version={LATEST}", headers)).status == 201


def test_the_id_in_a_path_comes_percent_encoded(call: Any) -> None:
    """NOCK."""
    encoded = call.new_identity().replace(":", "%3A")
    target = f"/identities/{encoded}/:issueAccessToken?api-version={LATEST}"
    assert call.raw("POST", target, {"scopes": ["chat"]}).status == 200


# 3. Errors


def test_issuing_without_scopes_is_a_validation_error_of_the_model(call: Any) -> None:
    """PY."""
    response = call("POST", f"/identities/{call.new_identity()}/:issueAccessToken", {})
    assert error(response) == (400, "ValidationError", "Scopes: The Scopes field is required.", "Scopes", False)


def test_issuing_with_empty_scopes_is_a_validation_error_of_the_operation(call: Any) -> None:
    """JS, NOCK."""
    response = call("POST", f"/identities/{call.new_identity()}/:issueAccessToken", {"scopes": []})
    assert error(response) == (400, "ValidationError", "Invalid scopes - Scopes field is required.", "scopes", True)


@pytest.mark.parametrize("minutes", [59, 1441])
def test_a_lifetime_out_of_range_is_refused_with_the_interval(call: Any, minutes: int) -> None:
    """PY: creating and issuing."""
    message = f"ExpiresInMinutes value {minutes} is invalid. Value must be within the [60, 1440] interval."
    create = call("POST", "/identities", {"createTokenWithScopes": ["chat"], "expiresInMinutes": minutes})
    path = f"/identities/{call.new_identity()}/:issueAccessToken"
    for response in (create, call("POST", path, {"scopes": ["chat"], "expiresInMinutes": minutes})):
        assert error(response) == (400, "ValidationError", message, "ExpiresInMinutes", True)


@identity_operations
def test_an_identity_of_another_resource_is_not_owned(call: Any, method: str, suffix: str, members: Any) -> None:
    """JS, NOCK."""
    response = call(method, f"/identities/{FOREIGN}{suffix}", members)
    assert error(response) == (401, "IdentityNotOwned", "Provided identity doesn't belong to the resource.", None, True)


@identity_operations
def test_an_identity_that_was_deleted_does_not_exist(call: Any, method: str, suffix: str, members: Any) -> None:
    """Azure/azure-sdk-for-js#19849 and samples of Microsoft: the message; status and code are not known."""
    identity = call.new_identity()
    call("DELETE", f"/identities/{identity}")
    response = call(method, f"/identities/{identity}{suffix}", members)
    assert response.status >= 400
    assert error(response)[2] == "Provided identity doesn't exist."


@pytest.mark.parametrize("kind", ["empty", "garbage", "expired"])
def test_a_teams_token_that_is_not_valid_is_refused(call: Any, emulator: Emulator, kind: str) -> None:
    """PY."""
    expired = entra_token(emulator, expires_in=timedelta(seconds=-1))
    response = teams(call, token={"empty": "", "garbage": "garbage", "expired": expired}[kind])
    assert error(response) == (401, "InvalidAccessToken", "Provided access token is not valid.", None, False)


def test_an_empty_app_id_is_a_validation_error_of_the_model(call: Any) -> None:
    """PY."""
    expected = (400, "ValidationError", "AppId: The AppId field is required.", "AppId", False)
    assert error(teams(call, appId="")) == expected


def test_an_empty_user_id_is_a_validation_error_of_the_model(call: Any) -> None:
    """PY."""
    expected = (400, "ValidationError", "UserId: The UserId field is required.", "UserId", False)
    assert error(teams(call, userId="")) == expected


def test_an_app_id_of_another_form_is_refused_by_the_operation(call: Any) -> None:
    """PY."""
    expected = (400, "ValidationError", "Provided AppId has invalid format.", "appId", True)
    assert error(teams(call, appId="invalid")) == expected


def test_a_user_id_of_another_form_is_refused_by_the_operation(call: Any) -> None:
    """PY."""
    expected = (400, "ValidationError", "Provided UserId has invalid format.", "userId", True)
    assert error(teams(call, userId="invalid")) == expected


def test_the_app_id_of_another_application_is_refused(call: Any) -> None:
    """PY."""
    expected = (400, "ValidationError", "AAD application is not the expected one.", "appId", True)
    assert error(teams(call, appId=USER)) == expected


def test_the_user_id_of_another_user_is_refused(call: Any) -> None:
    """PY."""
    expected = (400, "ValidationError", "Provided AAD token issued for unexpected user.", "userId", True)
    assert error(teams(call, userId=APP)) == expected


def test_a_teams_token_is_looked_at_before_the_other_members(call: Any) -> None:
    """PY: an empty token with an empty user id is 401."""
    assert error(teams(call, token="", userId=""))[:2] == (401, "InvalidAccessToken")


def test_an_api_version_that_the_path_does_not_have_is_unsupported(call: Any) -> None:
    """communication-services-web-calling-tutorial#8, Azure/Communication#159 and #160; the URI is without its query."""
    response = call.raw("POST", "/identities?api-version=2020-01-01&x=y")
    status, code, message, *_ = error(response)
    assert (status, code) == (400, "UnsupportedApiVersion")
    pattern = r"The HTTP resource that matches the request URI '(.*)' does not support the API version '2020-01-01'\."
    found = re.fullmatch(pattern, message)
    assert found
    assert re.fullmatch(r"https?://[^/?]+/identities", found[1])


def test_a_content_hash_of_another_body_is_denied(call: Any, emulator: Emulator, sign: Any) -> None:
    """Azure/azure-rest-api-specs#11767 and #27148."""
    target = f"/identities?api-version={LATEST}"
    headers = sign("POST", target, b"{}", key=emulator.access_key, date="Thu, 01 Oct 2026 12:00:00 GMT")
    response = emulator.handle(Request("POST", target, headers, b"{ }"))
    expected = (401, "Denied", "Request 'x-ms-content-sha256' differs from generated content hash.", None)
    assert error(response)[:4] == expected


@pytest.mark.parametrize("authorization", ["nonsense", "HMAC-SHA256 Credential=x&SignedHeaders=host&Signature=AA=="])
def test_an_authorization_in_another_form_does_not_match_the_header_structure(
    call: Any, emulator: Emulator, authorization: str
) -> None:
    """Stack Overflow 71439439, another service behind the same front: the message."""
    response = call("POST", "/identities", headers={"Authorization": authorization})
    assert error(response)[2] == "Given value does not match HMAC header structure"


def test_another_key_is_denied_by_the_resource_provider(call: Any, emulator: Emulator, own_key: str, sign: Any) -> None:
    """Azure/azure-sdk-for-js#22312, and reports about mail: the same for signatures and bearer tokens."""
    target = f"/identities?api-version={LATEST}"
    headers = sign("POST", target, b"", key=own_key, date="Thu, 01 Oct 2026 12:00:00 GMT")
    expected = (401, "Denied", "Denied by the resource provider.", None)
    assert error(emulator.handle(Request("POST", target, headers)))[:4] == expected
    assert error(call.bearer("POST", "/identities", Emulator().entra.issue_token()))[:4] == expected


def test_an_assignment_that_was_deleted_is_not_found(call: Any) -> None:
    """TPEDOC: the status."""
    call("PUT", ASSIGNMENT, {"principalType": "user"})
    assert call("DELETE", ASSIGNMENT).status == 204
    assert call("GET", ASSIGNMENT).status == 404


def test_a_subscription_may_use_assignments(call: Any) -> None:
    """TPEDOC: others get 403 SubscriptionNotAllowed; that of the emulator is not one of them."""
    assert call("PUT", ASSIGNMENT, {"principalType": "user"}).status == 201


def test_a_fault_of_the_service_is_an_internal_server_error(
    call: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Azure/azure-sdk-for-js#26387 and #21467: the message."""

    def fail(_: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(call.emulator._resource.identities, "create", fail)
    response = call("POST", "/identities")
    assert (response.status, error(response)[2]) == (500, "Internal server error.")


# 4. Identity ids and access tokens


def test_an_identity_id_is_the_resource_and_a_part_of_its_own(call: Any, emulator: Emulator) -> None:
    """NOCK."""
    user = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    assert re.fullmatch(rf"8:acs:{emulator.resource_id}_{user}", call.new_identity())


def test_the_identity_ids_of_a_resource_count_up(call: Any) -> None:
    """NOCK: ids of one resource begin 00000005-, 00000007- and so on."""
    numbers = [int(call.new_identity().partition("_")[2][:8], 16) for _ in range(3)]
    assert numbers == sorted(set(numbers))


def test_the_id_of_a_teams_phone_user_has_its_tenant_and_object_id(call: Any, emulator: Emulator) -> None:
    """The examples of the contract."""
    call("PUT", ASSIGNMENT, {"principalType": "user"})
    response = call.bearer("POST", "/access/teamsExtension/:exchangeAccessToken", entra_token(emulator), {})
    assert json.loads(response.body)["identity"]["id"] == f"8:acs:{emulator.resource_id}_{TENANT}_{USER}"


def test_the_id_of_an_entra_user_is_marked_wf(call: Any, emulator: Emulator) -> None:
    """JWT25 and the examples of the contract."""
    members = {"tenantId": TENANT, "principalType": "user", "clientIds": [APP]}
    call("PUT", f"/access/entra/assignments/{USER}", members, version=CUSTOM)
    token = entra_token(emulator)
    response = call.bearer("POST", "/access/entra/:exchangeAccessToken", token, {}, version=CUSTOM)
    answer = json.loads(response.body)
    assert answer["identity"]["id"] == f"8:acs:{emulator.resource_id}_wf_{TENANT}_{USER}"
    assert claims(answer["accessToken"]["token"])["skypeid"] == f"acs:{emulator.resource_id}_wf_{TENANT}_{USER}"


def test_an_access_token_is_a_jwt_with_an_rs256_signature_of_342_characters(call: Any) -> None:
    """JWT25, SPEC20, NOCK."""
    token = issue(call)["token"]
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    assert [len(part) for part in token.split(".")][2:] == [342]


def test_the_header_of_an_access_token_names_its_key_by_both_spellings_of_one_thumbprint(call: Any) -> None:
    """JWT25."""
    part = issue(call)["token"].split(".")[0]
    header = json.loads(base64.urlsafe_b64decode(part + "=="))
    assert list(header) == ["alg", "kid", "x5t", "typ"]
    assert header["typ"] == "JWT"
    assert re.fullmatch("[0-9A-F]{40}", header["kid"])
    assert base64.urlsafe_b64decode(header["x5t"] + "=") == bytes.fromhex(header["kid"])


def test_the_claims_of_an_access_token_come_in_the_order_of_2025(call: Any) -> None:
    """JWT25."""
    expected = ["skypeid", "scp", "csi", "exp", "rgn", "acsScope", "resourceId", "resourceLocation", "iat"]
    assert list(claims(issue(call)["token"])) == expected


def test_the_claims_of_an_access_token_are_those_of_the_service(call: Any, emulator: Emulator) -> None:
    """JWT25; skypeid, scp, csi, acsScope and resourceId also SPEC20."""
    identity = call.new_identity()
    found = claims(call.new_token(identity, "chat", "voip"))
    assert found["skypeid"] == identity.removeprefix("8:")
    assert found["scp"] == claims(call.new_token(identity, "voip"))["scp"] == 1792
    assert found["csi"] == str(found["iat"]) == str(int(datetime(2026, 10, 1, 12, tzinfo=UTC).timestamp()))
    assert found["exp"] - found["iat"] == 86400
    assert found["acsScope"] == "chat,voip"
    assert found["resourceId"] == emulator.resource_id
    assert (found["rgn"], found["resourceLocation"]) == ("amer", "unitedstates")


def test_an_access_token_has_no_registered_claims_but_its_times(call: Any) -> None:
    """JWT25, SPEC20."""
    assert {"iss", "aud", "sub", "nbf", "jti"}.isdisjoint(claims(issue(call)["token"]))


def test_an_access_token_lives_60_to_1440_minutes_and_a_day_by_default(call: Any) -> None:
    """IDM and the REST reference."""
    lifetimes: dict[Any, int] = {}
    for members in ({}, {"expiresInMinutes": 60}, {"expiresInMinutes": 1440}):
        found = claims(issue(call, **members)["token"])
        lifetimes[members.get("expiresInMinutes")] = found["exp"] - found["iat"]
    assert lifetimes == {None: 86400, 60: 3600, 1440: 86400}


def test_the_end_in_the_answer_is_that_of_the_token_with_the_part_of_a_second(call: Any, clock: Any) -> None:
    """NET, JWT25."""
    issued = issue(call)
    end = datetime.fromisoformat(issued["expiresOn"])
    assert int(end.timestamp()) == claims(issued["token"])["exp"]
    assert end.microsecond == clock.now.microsecond == 250_000


def test_revoking_and_deleting_end_all_access_tokens_of_the_identity(call: Any, emulator: Emulator) -> None:
    """IDM; the service may take 15 minutes until a revocation has reached everything."""
    identity = call.new_identity()
    first, second = call.new_token(identity, "chat"), call.new_token(identity, "voip")
    call("POST", f"/identities/{identity}/:revokeAccessTokens")
    third = call.new_token(identity, "chat")
    assert [emulator.introspect(token).state for token in (first, second, third)] == ["revoked", "revoked", "live"]
    call("DELETE", f"/identities/{identity}")
    assert {emulator.introspect(token).state for token in (first, second, third)} == {"deleted"}


def test_the_token_of_a_teams_user_ends_with_the_entra_token(call: Any, emulator: Emulator) -> None:
    """The summary of the operation in the contract."""
    response = teams(call, token=entra_token(emulator, expires_in=timedelta(minutes=70)))
    assert json.loads(response.body)["expiresOn"].startswith("2026-10-01T13:10:00")


def test_the_token_of_an_entra_user_ends_with_the_entra_token(call: Any, emulator: Emulator) -> None:
    """ENTRADOC, JWT25."""
    members = {"tenantId": TENANT, "principalType": "user", "clientIds": [APP]}
    call("PUT", f"/access/entra/assignments/{USER}", members, version=CUSTOM)
    token = entra_token(emulator, expires_in=timedelta(hours=1))
    response = call.bearer("POST", "/access/entra/:exchangeAccessToken", token, {}, version=CUSTOM)
    assert claims(json.loads(response.body)["accessToken"]["token"])["exp"] == claims(token)["exp"]


# 5. Signing with an access key


DATE = "Thu, 01 Oct 2026 12:00:00 GMT"


def signed(
    emulator: Emulator,
    target: str,
    *,
    host: str = "emulator.localhost",
    body: bytes = b"",
    sent_target: str | None = None,
    end: str = "",
    date_header: str = "x-ms-date",
    **more: str,
) -> Response:
    """Sign as the documentation shows it, with nothing of this package, and send."""
    content_hash = base64.b64encode(hashlib.sha256(body).digest()).decode()
    text = f"POST\n{target}\n{DATE};{host};{content_hash}{end}"
    key = base64.b64decode(emulator.access_key)
    signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    headers = {
        date_header: DATE,
        "x-ms-content-sha256": content_hash,
        "Host": host,
        "Content-Type": "application/json",
        "Authorization": f"HMAC-SHA256 SignedHeaders={date_header};host;x-ms-content-sha256&Signature={signature}",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return emulator.handle(Request("POST", sent_target or target, headers, body))


CREATE = f"/identities?api-version={LATEST}"


def test_method_path_with_query_date_host_and_content_hash_are_signed(emulator: Emulator) -> None:
    """HMACDOC, NETSRC, JSPKG, PYPKG."""
    assert signed(emulator, CREATE, body=b'{"createTokenWithScopes":["chat"]}').status == 201


def test_nothing_follows_the_content_hash_in_the_string_to_sign(emulator: Emulator) -> None:
    """HMACDOC, NETSRC, JSPKG, PYPKG."""
    assert signed(emulator, CREATE, end="\n").status == 401


def test_the_content_hash_of_an_empty_body_is_the_one_of_nothing(emulator: Emulator) -> None:
    """CLI."""
    of_nothing = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert signed(emulator, CREATE, x_ms_content_sha256=of_nothing).status == 201


def test_the_authorization_has_no_credential_part(emulator: Emulator) -> None:
    """NETSRC, JSPKG, PYPKG."""
    response = signed(emulator, CREATE, Authorization="HMAC-SHA256 Credential=x&SignedHeaders=y&Signature=AA==")
    assert response.status == 401


def test_the_same_date_in_the_date_header_does_no_harm(emulator: Emulator) -> None:
    """NETSRC: .NET sends both."""
    assert signed(emulator, CREATE, Date=DATE).status == 201


def test_a_wish_for_the_client_request_id_does_no_harm(emulator: Emulator) -> None:
    """PYPKG."""
    assert signed(emulator, CREATE, x_ms_return_client_request_id="true").status == 201


def test_the_first_betas_signed_the_date_header(emulator: Emulator) -> None:
    """ADM, HEADERS."""
    assert signed(emulator, f"/identities?api-version={FIRST}", date_header="date").status == 200


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:10100", "contoso.communication.azure.com"])
def test_a_port_that_is_not_the_default_is_part_of_the_host(emulator: Emulator, host: str) -> None:
    """NETSRC, JSPKG, PYPKG, HMACDOC."""
    assert signed(emulator, CREATE, host=host).status == 201
    assert signed(emulator, CREATE, host=host, Host=host.partition(":")[0] + ":1").status == 401


def test_a_default_port_that_the_endpoint_spells_stays_in_the_host(emulator: Emulator) -> None:
    """PYPKG."""
    assert signed(emulator, CREATE, host="contoso.communication.azure.com:443").status == 201


def test_the_query_is_signed_as_sent_with_blanks_as_plus(emulator: Emulator) -> None:
    """JSPKG: the query is written anew, as forms are."""
    assert signed(emulator, f"{CREATE}&x=a+b%21").status == 201
    assert signed(emulator, f"{CREATE}&x=a+b", sent_target=f"{CREATE}&x=a%20b").status == 401


@pytest.mark.parametrize(("sent", "kept"), [("%3A", ":"), (":", "%3A"), ("%3a", ":"), ("%3A", "%3A"), (":", ":")])
def test_both_spellings_of_the_colons_of_an_id_are_accepted(
    call: Any, emulator: Emulator, sent: str, kept: str
) -> None:
    """PYPKG: aiohttp writes : for the %3A that was signed."""
    target = "/identities/{}/:issueAccessToken?api-version=" + LATEST
    identity = call.new_identity()
    signed_target, sent_target = (target.format(identity.replace(":", colon)) for colon in (kept, sent))
    response = signed(emulator, signed_target, sent_target=sent_target, body=b'{"scopes":["chat"]}')
    assert response.status == 200


def test_the_connection_string_has_the_order_that_the_javascript_client_needs(emulator: Emulator) -> None:
    """JSPKG: endpoint=(.*);accesskey=(.*), whatever the case."""
    found = re.fullmatch(r"endpoint=(.*);accesskey=(.*)", emulator.connection_string)
    assert found
    assert found.groups() == ("http://emulator.localhost/", emulator.access_key)


def test_the_connection_string_is_one_for_the_official_client(emulator: Emulator) -> None:
    """PYPKG: the slash is trimmed, and the key may hold equals signs."""
    client: Any = OfficialClient.from_connection_string(emulator.connection_string)
    assert client._endpoint == "https://emulator.localhost"
    assert client._identity_service_client._config.authentication_policy._access_key == emulator.access_key


# 9. Teams Phone assignments


@pytest.mark.parametrize("version", ["2025-03-02-preview", "2025-06-30", LATEST])
@pytest.mark.parametrize("principal_type", ["resourceAccount", "user", "teamsResourceAccount", "User"])
def test_an_assignment_takes_the_principal_types_of_contract_and_documentation(
    call: Any, principal_type: str, version: str
) -> None:
    """TPEDOC says teamsResourceAccount, the contract resourceAccount and user; one public client sends User."""
    response = call("PUT", ASSIGNMENT, {"principalType": principal_type}, version=version)
    assert (response.status, json.loads(response.body)["principalType"]) == (201, principal_type)


def test_a_new_assignment_is_answered_with_201_and_what_was_given(call: Any) -> None:
    """TPEDOC."""
    response = call("PUT", ASSIGNMENT, {"principalType": "teamsResourceAccount"})
    expected = {"objectId": USER, "tenantId": TENANT, "principalType": "teamsResourceAccount"}
    assert (response.status, json.loads(response.body)) == (201, expected)
    call("DELETE", ASSIGNMENT)
    response = call("PUT", ASSIGNMENT, {"principalType": "teamsResourceAccount", "clientIds": [APP]})
    assert (response.status, json.loads(response.body)) == (201, {**expected, "clientIds": [APP]})


def test_an_assignment_cannot_be_patched(call: Any) -> None:
    """TPEDOC names PATCH; no contract has it."""
    assert call.raw("PATCH", f"{ASSIGNMENT}?api-version={LATEST}", {"principalType": "user"}).status == 405


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_assignment_is_not_found_without_its_tenant(call: Any, method: str) -> None:
    """The Learn page shows such a path; no contract has it."""
    call("PUT", ASSIGNMENT, {"principalType": "user"})
    path = f"/access/teamsExtension/assignments/{USER}?api-version={LATEST}"
    assert call.raw(method, path).status == 404
