"""Paths, methods and API versions are those of the contract, and wrong ones are told apart."""

import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs_identity_emulator import Emulator, Response
from acs_identity_emulator.contract import load_contract
from acs_identity_emulator.operations import HANDLERS

ASSIGNMENT = "/access/teamsExtension/tenants/{tenantId}/assignments/{objectId}"


def error(response: Response) -> dict[str, str]:
    found: dict[str, str] = json.loads(response.body)["error"]
    return found


def documents() -> dict[str, Any]:
    folder = files("acs_identity_rest") / "contract"
    return {
        entry.name: json.loads((entry / "CommunicationIdentity.json").read_text("utf-8"))
        for entry in folder.iterdir()
        if entry.is_dir()
    }


def test_every_operation_of_every_contract_is_routed() -> None:
    for version, document in documents().items():
        for path, item in document["paths"].items():
            for method in item:
                operation = load_contract().operation(version, method.upper(), path)
                assert (operation.version, operation.method, operation.path) == (version, method.upper(), path)


@pytest.mark.parametrize("version", sorted(documents()))
def test_every_operation_of_every_version_is_acted_out(version: str) -> None:
    operations = [
        load_contract().operation(version, method.upper(), path)
        for path, item in documents()[version]["paths"].items()
        for method in item
    ]
    assert [operation.path for operation in operations if operation.key not in HANDLERS] == []


def test_an_operation_without_handler_says_so(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acs_identity_emulator.emulator.HANDLERS", {})
    response = call("POST", "/identities")
    assert response.status == 501
    assert error(response)["code"] == "NotImplemented"


def test_an_operation_that_is_not_in_the_contract_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="2023-10-01"):
        load_contract().operation("2023-10-01", "GET", "/identities")


@pytest.mark.parametrize("query", ["", "?", "?api-version=", "?version=2026-09-23", "?api-version", "?other=1&&=&"])
def test_a_missing_api_version_is_refused(call: Any, query: str) -> None:
    response = call.raw("POST", f"/identities{query}")
    assert response.status == 400
    assert error(response) == {
        "code": "ApiVersionUnspecified",
        "message": "An API version is required, but was not specified.",
    }
    assert call.schemas.versions_with("/identities") in response.header("x-emulator-reason")


@pytest.mark.parametrize("version", ["2019-01-01", "2026-09-24", "latest", "2026-09-23 ", "%00", "9" * 3000])
def test_an_unknown_api_version_is_refused(call: Any, version: str) -> None:
    response = call.raw("POST", f"/identities?api-version={version}")
    assert response.status == 400
    assert error(response)["code"] == "UnsupportedApiVersion"
    assert error(response)["message"].startswith(
        "The HTTP resource that matches the request URI 'http://emulator.localhost/identities' does not support the "
        "API version '"
    )
    assert response.header("api-supported-versions") == call.schemas.versions_with("/identities")


def test_an_api_version_without_the_path_is_refused(call: Any) -> None:
    path = "/access/teamsExtension/:exchangeAccessToken"
    response = call.raw("POST", f"{path}?api-version=2023-10-01", {})
    assert error(response)["code"] == "UnsupportedApiVersion"
    assert response.header("api-supported-versions") == call.schemas.versions_with(path)


def test_two_api_versions_are_ambiguous_and_the_same_one_twice_is_not(call: Any) -> None:
    response = call.raw("POST", "/identities?api-version=2023-10-01&api-version=2026-09-23")
    assert response.status == 400
    assert error(response)["code"] == "AmbiguousApiVersion"
    assert "2023-10-01, 2026-09-23" in error(response)["message"]
    assert call.raw("POST", "/identities?api-version=2026-09-23&API-Version=2026-09-23").status == 201


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "*",
        "/identity",
        "/identities/",
        "//identities",
        "/identities//:issueAccessToken",
        "/identities/x/y/z",
        "/%2e%2e/identities",
    ],
)
def test_an_unknown_path_is_not_found(call: Any, path: str) -> None:
    response = call.raw("POST", f"{path}?api-version=2026-09-23")
    if path == "/identities/":
        assert response.status == 201, "ASP.NET Core forgives one trailing slash"
        return
    assert response.status == 404
    assert error(response)["code"] == "NotFound"
    assert response.header("api-supported-versions") is None


def test_literal_segments_are_compared_without_case_and_may_be_escaped(call: Any) -> None:
    assert call.raw("POST", "/IDENTITIES?api-version=2026-09-23").status == 201
    assert call.raw("POST", "/%69dentities?api-version=2026-09-23").status == 201


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/identities", "POST"),
        ("HEAD", "/identities", "POST"),
        ("OPTIONS", "/identities", "POST"),
        ("GET", "/identities/x", "DELETE"),
        ("post", "/identities", "POST"),
        ("PATCH", "/access/teamsExtension/tenants/a/assignments/b", "DELETE, GET, PUT"),
        ("BREW", "/teamsUser/:exchangeAccessToken", "POST"),
    ],
)
def test_a_wrong_method_is_refused_with_the_right_ones(call: Any, method: str, path: str, allowed: str) -> None:
    response = call.raw(method, f"{path}?api-version=2026-09-23")
    assert response.status == 405
    assert error(response)["code"] == "MethodNotAllowed"
    assert response.header("Allow") == allowed


def test_authentication_comes_before_everything_else(emulator: Emulator) -> None:
    from acs_identity_emulator import Request

    for target in ("/", "/identities", "/identities?api-version=1", "/identities?api-version=2026-09-23"):
        assert emulator.handle(Request("POST", target)).status == 401


@settings(max_examples=80)
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE"]) | st.text(min_size=1, max_size=10),
    path=st.lists(
        st.sampled_from(["identities", ":issueAccessToken", "%", "%zz", "8:acs:x", ".."]) | st.text(max_size=8)
    ),
    query=st.text(max_size=40),
    body=st.binary(max_size=60),
)
def test_no_request_breaks_the_emulator(call: Any, method: str, path: list[str], query: str, body: bytes) -> None:
    target = "/" + "/".join(segment.replace("\ud800", "") for segment in path)
    response = call.raw(method, f"{target}?{query}".encode("utf-8", "replace").decode(), body=body)
    assert response.status in (201, 400, 401, 404, 405)
    assert response.status == 201 or error(response)["message"]
