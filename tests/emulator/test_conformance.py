"""The check that every response of every test goes through can fail, and tells where."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from acs_identity_emulator import Emulator, FaultRule, Request, Response

from ..conformance import Conformance, check  # noqa: TID252 there is no name from the top for tests

pytest_plugins = ["pytester"]

USER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"
BEARER = {"Host": "emulator.localhost", "x-ms-client-request-id": "1-2-3", "Content-Type": "application/json"}
WITH_TOKEN = b'{"createTokenWithScopes":["chat"]}'


def ask(emulator: Emulator, method: str, target: str, body: bytes = b"") -> tuple[Request, Response]:
    headers = {**BEARER, "Authorization": f"Bearer {emulator.entra.issue_token()}"}
    request = Request(method, target, headers, body)
    return request, emulator.handle(request)


@pytest.fixture
def created(emulator: Emulator) -> tuple[Request, Response]:
    return ask(emulator, "POST", "/identities?api-version=2023-10-01", WITH_TOKEN)


@pytest.fixture
def refused(emulator: Emulator) -> tuple[Request, Response]:
    return ask(emulator, "POST", "/identities?api-version=2023-10-01", b'{"expiresInMinutes":1}')


@pytest.fixture
def deleted(emulator: Emulator) -> tuple[Request, Response]:
    _, response = ask(emulator, "POST", "/identities?api-version=2023-10-01")
    identity = json.loads(response.body)["identity"]["id"]
    return ask(emulator, "DELETE", f"/identities/{identity}?api-version=2023-10-01")


def with_member(response: Response, member: str, value: object) -> Response:
    members: Any = json.loads(response.body)
    *parents, name = member.split(".")
    place: Any = members
    for parent in parents:
        place = place[parent]
    place[name] = value
    body = json.dumps(members).encode()
    return dataclasses.replace(response, body=body, headers={**response.headers, "Content-Length": str(len(body))})


def with_headers(response: Response, **changes: str | None) -> Response:
    headers: dict[str, str | None] = {**response.headers}
    headers.update({name.replace("_", "-"): value for name, value in changes.items()})
    return dataclasses.replace(response, headers={name: value for name, value in headers.items() if value is not None})


@pytest.mark.parametrize(
    ("member", "value", "place"),
    [
        ("extra", 1, r"\$: Additional properties"),
        ("identity.customId", "x", r"\$\.identity: Additional properties.*'customId'"),
        ("identity.id", None, r"\$\.identity\.id: None is not of type 'string'"),
        ("identity", {}, r"\$\.identity: 'id' is a required property"),
        ("identity.id", 1, r"\$\.identity\.id: 1 is not of type 'string'"),
        ("accessToken.expiresOn", "soon", r"\$\.accessToken\.expiresOn: 'soon' is not a"),
        ("accessToken.expiresOn", "2026-10-01T12:00:00", r"\$\.accessToken\.expiresOn"),
    ],
    ids=["more", "of-a-later-version", "null", "missing", "type", "no-time", "no-offset"],
)
def test_a_body_that_the_version_does_not_have_is_found_with_its_place(
    created: tuple[Request, Response], member: str, value: object, place: str
) -> None:
    request, response = created
    check(request, response)
    with pytest.raises(AssertionError, match=rf"POST /identities, 2023-10-01 answered 201: {place}"):
        check(request, with_member(response, member, value))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"Content_Type": "application/json"}, "Content-Type is application/json"),
        ({"Content_Length": "1"}, "Content-Length is 1, the body has"),
        ({"Transfer_Encoding": "chunked"}, "a success has no Transfer-Encoding"),
        ({"api_supported_versions": "2023-10-01"}, "api-supported-versions is 2023-10-01, the contracts"),
        ({"api_supported_versions": None}, "api-supported-versions is None"),
        ({"Accept_Ranges": "bytes"}, "Accept-Ranges is there with GET only"),
        ({"x_ms_client_request_id": None}, "x-ms-client-request-id is not that of the request"),
        ({"x_ms_request_id": "1"}, "no recording has a header x-ms-request-id"),
        ({"Retry_After": "1"}, "no recording has a header Retry-After"),
        ({"X_Azure_Ref": "a\r\nb"}, "X-Azure-Ref"),
        *[
            ({name.replace("-", "_"): None}, f"{name} is None")
            for name in ("Date", "MS-CV", "Request-Context", "Strict-Transport-Security", "X-Azure-Ref", "X-Cache")
        ],
    ],
)
def test_a_header_that_the_service_does_not_send_is_found(
    created: tuple[Request, Response], changes: dict[str, str | None], problem: str
) -> None:
    request, response = created
    with pytest.raises(AssertionError, match=problem):
        check(request, with_headers(response, **changes))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"Content_Type": "application/json; charset=utf-8"}, "Content-Type of an error"),
        ({"Content_Length": "5"}, "Content-Length of an error is 5"),
        ({"Transfer_Encoding": None}, "Transfer-Encoding of an error is None"),
        ({"x_emulator_reason": None}, "x-emulator-reason is not one line"),
        ({"x_emulator_reason": "caf\xe9"}, "x-emulator-reason is not one line"),
    ],
)
def test_an_error_of_another_form_is_found(
    refused: tuple[Request, Response], changes: dict[str, str | None], problem: str
) -> None:
    request, response = refused
    check(request, response)
    with pytest.raises(AssertionError, match=problem):
        check(request, with_headers(response, **changes))


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"error":{"code":"x"}}', r"\$\.error: 'message' is a required"),
        (b'{"error":{"code":"x","message":"y","details":[]}}', r"\$\.error: Additional properties"),
        (b'{"error":{"code":"x","message":"y","target":null}}', r"\$\.error\.target"),
        (b'{"message":"x"}', r"\$: 'error' is a required"),
        (b"", "the body is not JSON"),
        (b"\xff", "the body is not JSON"),
    ],
    ids=range(6),
)
def test_an_error_body_of_another_form_is_found(refused: tuple[Request, Response], body: bytes, place: str) -> None:
    request, response = refused
    with pytest.raises(AssertionError, match=f"answered 400: {place}"):
        check(request, dataclasses.replace(response, body=body))


def test_an_answer_without_body_has_none(deleted: tuple[Request, Response]) -> None:
    request, response = deleted
    check(request, response)
    with pytest.raises(AssertionError, match="neither body, Content-Type nor Content-Length"):
        check(request, dataclasses.replace(response, body=b"{}"))
    with pytest.raises(AssertionError, match="neither body, Content-Type nor Content-Length"):
        check(request, with_headers(response, Content_Length="0"))


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("/identities?api-version=2020-07-20-preview2", r"POST /identities, 2020-07-20-preview2 answered 201: the c"),
        ("/identities?api-version=2019-01-01", "the contract has no such operation"),
        ("/identities", "the contract has no such operation"),
        ("/nothing?api-version=2023-10-01", "POST an unknown path"),
        ("/teamsUser/:exchangeAccessToken?api-version=2021-03-07", "api-supported-versions"),
    ],
)
def test_a_success_where_the_contract_has_none_is_found(
    created: tuple[Request, Response], target: str, problem: str
) -> None:
    request, response = created
    with pytest.raises(AssertionError, match=problem):
        check(dataclasses.replace(request, target=target), response)


def test_the_body_of_a_later_version_is_none_of_an_earlier_one(emulator: Emulator) -> None:
    request, response = ask(
        emulator,
        "POST",
        "/identities?api-version=2025-03-02-preview",
        b'{"customId":"x","createTokenWithScopes":["chat"]}',
    )
    check(request, response)
    earlier = dataclasses.replace(request, target="/identities?api-version=2023-10-01")
    with pytest.raises(AssertionError, match=r"\$\.identity: Additional properties"):
        check(earlier, response)


def test_what_a_fault_leaves_of_an_answer_is_not_judged() -> None:
    emulator = Emulator()
    emulator.faults.add(FaultRule("reset"))
    request, response = ask(emulator, "POST", "/identities?api-version=2023-10-01")
    assert response.status == 0
    check(request, response)


BROKEN = """
from acs_identity_emulator import Emulator, EmulatorServer, Request
import http.client, pytest

TARGET = "/identities?api-version=2023-10-01"


@pytest.fixture
def broken(monkeypatch):
    monkeypatch.setattr("acs_identity_emulator.emulator._json", lambda members: b'{"identity":{}}')


def ask(emulator):
    return emulator.handle(Request("POST", TARGET, {"Authorization": "Bearer " + emulator.entra.issue_token()}))


@pytest.fixture
def made_before():
    return ask(Emulator())


def test_good():
    assert ask(Emulator()).status == 201


def test_in_process(broken):
    assert ask(Emulator()).status == 201


def test_over_http(broken):
    with EmulatorServer(Emulator()) as server:
        connection = http.client.HTTPConnection(server.endpoint.removeprefix("http://"), timeout=20)
        connection.request("POST", TARGET, headers={"Authorization": "Bearer " + server.emulator.entra.issue_token()})
        assert connection.getresponse().status == 201
        connection.close()


def test_in_a_fixture(broken, made_before):
    pass


def test_good_again():
    assert ask(Emulator()).status == 201
"""


def test_a_test_fails_when_one_of_its_responses_is_not_of_the_contract(
    pytester: pytest.Pytester, conformance: Conformance
) -> None:
    pytester.makepyfile(test_broken=BROKEN)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    handle = Emulator.handle
    run = cast(Callable[..., pytest.HookRecorder], pytester.inline_run)  # pyright: ignore[reportUnknownMemberType]
    result = run("-p", "no:randomly", "-p", "no:cacheprovider", plugins=[Conformance()])
    passed, _, failed = result.listoutcomes()
    assert Emulator.handle is handle
    assert [report.nodeid.rpartition("::")[2] for report in passed] == ["test_good", "test_good_again"]
    assert {report.nodeid.rpartition("::")[2] for report in failed} == {
        "test_in_process",
        "test_over_http",
        "test_in_a_fixture",
    }
    # The responses were those of this test, too.
    assert len(conformance.problems) == 3
    conformance.problems.clear()
    for report in failed:
        assert "POST /identities, 2023-10-01 answered 201: $.identity: 'id' is a required" in str(report.longrepr)


def empty(_: object) -> bytes:
    return b"{}"


def test_every_test_of_the_suite_is_checked(conformance: Conformance, emulator: Emulator) -> None:
    ask(emulator, "POST", "/identities?api-version=2023-10-01", WITH_TOKEN)
    assert conformance.problems == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("acs_identity_emulator.emulator._json", empty)
        ask(emulator, "POST", "/identities?api-version=2023-10-01", WITH_TOKEN)
    assert conformance.problems == ["POST /identities, 2023-10-01 answered 201: $: 'identity' is a required property"]
    conformance.problems.clear()
