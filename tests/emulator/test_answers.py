"""Answers look like those of the service, from the first header to the last brace."""

import json
import logging
import re
from typing import Any

import pytest

from acs_identity_emulator import Emulator, Request, Response

TENANT = "c70d068c-2f32-484d-9455-73070cd5aadd"
ALWAYS = {
    "Date": r"Thu, 01 Oct 2026 12:00:00 GMT",
    "MS-CV": r"[A-Za-z0-9+/]{22}\.2\.0",
    "Request-Context": r"appId=",
    "Strict-Transport-Security": r"max-age=31536000;includeSubDomains",
    "X-Azure-Ref": r"[A-Za-z0-9+/=]{20,}",
    "X-Cache": r"CONFIG_NOCACHE",
    "X-Processing-Time": r"\d+ms",
}


def shape(response: Response) -> set[str]:
    for name, pattern in ALWAYS.items():
        assert re.fullmatch(pattern, response.headers[name]), name
    return set(response.headers) - set(ALWAYS)


def test_a_success_has_the_headers_of_the_service(call: Any) -> None:
    response = call("POST", "/identities")
    assert shape(response) == {"api-supported-versions", "Content-Type", "Content-Length"}
    assert response.headers["api-supported-versions"] == call.schemas.versions_with("/identities")
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Content-Length"] == str(len(response.body))


def test_an_answer_without_body_has_neither_type_nor_length(call: Any) -> None:
    response = call("DELETE", f"/identities/{call.new_identity()}")
    assert shape(response) == {"api-supported-versions"}


def test_an_error_is_chunked_json_without_charset(call: Any) -> None:
    response = call("POST", "/identities", {"expiresInMinutes": 1})
    assert shape(response) == {"api-supported-versions", "Content-Type", "Transfer-Encoding", "x-emulator-reason"}
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert response.body == (
        b'{"error":{"code":"ValidationError","message":"ExpiresInMinutes value 1 is invalid. Value must be within '
        b'the [60, 1440] interval.","target":"ExpiresInMinutes"}}'
    )


def test_the_list_of_versions_is_one_of_the_route(call: Any) -> None:
    template = "/access/teamsExtension/tenants/{tenantId}/assignments/{objectId}"
    path = template.format(tenantId=TENANT, objectId=TENANT)
    listed = call("DELETE", path).header("api-supported-versions")
    assert listed == call.schemas.versions_with(template) != call.schemas.versions_with("/identities")


def test_the_request_id_of_the_client_comes_back(call: Any, emulator: Emulator) -> None:
    headers = {"X-MS-Client-Request-Id": "1-2-3"}
    assert call("POST", "/identities", headers=headers).headers["x-ms-client-request-id"] == "1-2-3"
    assert (
        call("POST", "/identities/x/:revokeAccessTokens", headers=headers).headers["x-ms-client-request-id"] == "1-2-3"
    )
    assert emulator.handle(Request("GET", "/", headers)).headers["x-ms-client-request-id"] == "1-2-3"
    assert "x-ms-client-request-id" not in emulator.handle(Request("GET", "/")).headers


def test_every_answer_has_a_correlation_vector_of_its_own(call: Any) -> None:
    assert len({call("POST", "/identities").headers["MS-CV"] for _ in range(20)}) == 20


def test_requests_and_responses_hide_what_they_carry() -> None:
    request = Request("POST", "/identities/8:acs:secret", {"Authorization": "secret"}, b"secret")
    assert repr(request) == "Request(method='POST')"
    assert repr(Response(200, {"a": "secret"}, b"secret")) == "Response(status=200)"
    assert Response(200).header("none") is None


def test_the_log_names_the_operation_but_no_secret(
    call: Any, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "acs_identity_emulator"):
        identity = call.new_identity()
        token = call.new_token(identity)
        call("DELETE", f"/identities/{identity}")
        call("DELETE", f"/identities/{identity}")
        emulator.handle(Request("GET", f"/elsewhere/{identity}"))
    assert "POST /identities/{id}/:issueAccessToken 200" in caplog.text
    assert "DELETE /identities/{id} 404 the identity was deleted" in caplog.text
    assert "GET (no such path) 401" in caplog.text
    for secret in (identity, token, emulator.access_key):
        assert secret not in caplog.text


def test_a_reason_never_holds_a_secret(call: Any, emulator: Emulator) -> None:
    identity = call.new_identity()
    token = call.new_token(identity)
    entra_token = emulator.entra.issue_token(audience="https://elsewhere.example")
    responses = [
        call.raw("POST", f"/identities/{identity}?api-version=1"),
        call("POST", f"/identities/{identity}/:issueAccessToken", {"scopes": [token]}),
        call("POST", "/teamsUser/:exchangeAccessToken", {"token": entra_token}),
        call.bearer("POST", f"/identities/{identity}/:revokeAccessTokens", entra_token),
        call("POST", f"/identities/{identity}x/:revokeAccessTokens", headers={"x-ms-date": identity}),
        call("POST", f"/identities/{identity}/:revokeAccessTokens", headers={"Authorization": token}),
    ]
    for response in responses:
        reason = response.headers["x-emulator-reason"]
        assert reason
        assert not any(secret in reason for secret in (identity, token, entra_token, emulator.access_key))


def test_importing_the_emulator_loads_no_server_and_no_cryptography() -> None:
    import subprocess
    import sys

    code = (
        "import sys, acs_identity_emulator as e; e.Emulator().handle(e.Request('GET', '/')); "
        "print(*sorted({'uvicorn', 'starlette', 'typer', 'cryptography', 'jwt', 'azure.core'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""


def test_the_public_names_are_all_there() -> None:
    import acs_identity_emulator

    for name in acs_identity_emulator.__all__:
        assert getattr(acs_identity_emulator, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Emulater'"):
        getattr(acs_identity_emulator, "Emulat" + "er")


def test_the_development_key_says_that_it_is_fake() -> None:
    import base64

    from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY

    assert b"development key" in base64.b64decode(DEVELOPMENT_ACCESS_KEY)
    assert Emulator().connection_string == f"endpoint=http://emulator.localhost/;accesskey={DEVELOPMENT_ACCESS_KEY}"
    assert json.dumps(Emulator().endpoint) == '"http://emulator.localhost"'
