"""Schemathesis, fed with the contract of each API version, finds no server error and no answer that is not documented.

Documented is a success of the contract, or an error in the form of its ``default`` answer. The contract of the first
preview declares no error; the form of the others is taken for it (docs/emulator.md).
"""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from requests.auth import AuthBase
from schemathesis import GenerationMode

from acs_identity_emulator import Emulator, EmulatorServer

from ..conformance import Conformance, documents  # noqa: TID252 there is no name from the top for tests
from .fuzzing import explore

pytestmark = pytest.mark.once

general: Any = import_module("schemathesis.checks")
of_contract: Any = import_module("schemathesis.specs.openapi.checks")
CHECKS = [
    general.not_a_server_error,
    of_contract.status_code_conformance,
    of_contract.content_type_conformance,
    of_contract.response_headers_conformance,
    of_contract.response_schema_conformance,
]
APP = "2c3e1e83-8fd7-4615-ad2b-b8c1229845ac"
LATEST = "2026-09-23"
USER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"


def fed(version: str) -> dict[str, Any]:
    """The contract as Schemathesis gets it."""
    document: dict[str, Any] = copy.deepcopy(documents()[version])
    for name, definition in published(version)["definitions"].items():
        # Any principal type is taken, and answered, where the enumeration is open; scopes are the listed ones.
        if "enum" in definition and name != "TeamsExtensionPrincipalType":
            document["definitions"][name]["enum"] = definition["enum"]
    for item in document["paths"].values():
        for operation in item.values():
            operation["responses"].setdefault(
                "default", {"description": "", "schema": {"$ref": "#/definitions/CommunicationErrorResponse"}}
            )
    return document


def published(version: str) -> dict[str, Any]:
    file = files("acs_identity_rest") / "contract" / version / "CommunicationIdentity.json"
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


OPERATIONS = sorted(
    (version, method.upper(), path)
    for version, document in documents().items()
    for path, item in document["paths"].items()
    for method in item
)


class Signature(AuthBase):
    """Signs what requests is about to send."""

    def __init__(self, sign: Any, key: str) -> None:
        self._sign = sign
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url = urlsplit(request.url or "")
        target = f"{url.path}?{url.query}" if url.query else url.path
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else body
        date = f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT"
        request.headers.update(
            self._sign(request.method, target, content, key=self._key, date=date, host=str(url.netloc))
        )
        return request


class Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@pytest.fixture(scope="module")
def running() -> Iterator[EmulatorServer]:
    with EmulatorServer(Emulator()) as server:
        yield server


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as kept:
        kept.trust_env = False
        yield kept


def operation(version: str, method: str, path: str) -> Any:
    schema: Any = schemathesis.openapi.from_dict(fed(version))
    return schema[path][method]


def assign(emulator: Emulator, session: requests.Session, endpoint: str) -> str:
    """Assign a user, so that exchanges can succeed, and return a token of it."""
    auth = Bearer(emulator.entra.issue_token())
    members = {"tenantId": USER, "principalType": "user", "clientIds": [APP]}
    for target in (
        f"/access/teamsExtension/tenants/{USER}/assignments/{USER}?api-version=2025-06-30",
        f"/access/entra/assignments/{USER}?api-version=2025-03-02-preview",
    ):
        assert session.put(endpoint + target, json=members, auth=auth, timeout=20).status_code in {200, 201}
    return emulator.entra.issue_token(tenant_id=USER, client_id=APP, object_id=USER)


def check(case: Any, response: Any) -> None:
    # A Swagger file names one content type for all answers, also for those without a body.
    case.validate_response(
        response,
        checks=[check for check in CHECKS if response.content or check is not of_contract.content_type_conformance],
    )


@pytest.mark.parametrize(("version", "method", "path"), OPERATIONS)
def test_a_request_as_the_contract_wants_it_gets_an_answer_of_the_contract(
    running: EmulatorServer, session: requests.Session, sign: Any, version: str, method: str, path: str
) -> None:
    emulator, endpoint = running.emulator, running.endpoint
    strategy = operation(version, method, path).as_strategy(GenerationMode.POSITIVE, query={"api-version": version})
    statuses: set[int] = set()

    @given(strategy)
    def try_one(case: Any) -> None:
        # What is drawn from the contract alone names nothing that is there.
        token = assign(emulator, session, endpoint)
        if "id" in case.path_parameters:
            owner = Bearer(emulator.entra.issue_token())
            created = session.post(f"{endpoint}/identities?api-version={LATEST}", auth=owner, timeout=20)
            case.path_parameters["id"] = created.json()["identity"]["id"]
        for name in {"tenantId", "objectId"} & set(case.path_parameters):
            case.path_parameters[name] = USER
        known = {"token": token, "appId": APP, "userId": USER, "tenantId": USER}
        body: Any = case.body
        for name in known.keys() & getattr(body, "keys", set)():
            body[name] = known[name]
        is_exchange = path.startswith("/access/") and path.endswith(":exchangeAccessToken")
        auth: AuthBase = Bearer(token) if is_exchange else Signature(sign, emulator.access_key)
        response = case.call(base_url=endpoint, session=session, auth=auth, timeout=20)
        check(case, response)
        statuses.add(response.status_code)

    explore(try_one, 5)
    assert statuses & {200, 201, 204}, "the examples are too far from what the service takes"


@pytest.mark.parametrize(("version", "method", "path"), OPERATIONS)
def test_no_request_gets_an_answer_that_is_not_documented(
    running: EmulatorServer, session: requests.Session, sign: Any, version: str, method: str, path: str
) -> None:
    emulator, endpoint = running.emulator, running.endpoint
    wrong = operation(version, method, path)
    pinned = wrong.as_strategy(GenerationMode.NEGATIVE, query={"api-version": version})
    callers = [Signature(sign, emulator.access_key), Bearer(emulator.entra.issue_token()), None]

    @given(st.one_of(pinned, wrong.as_strategy(GenerationMode.NEGATIVE)), st.sampled_from(callers))
    def try_one(case: Any, auth: AuthBase | None) -> None:
        check(case, case.call(base_url=endpoint, session=session, auth=auth, timeout=20))

    explore(try_one, 10)


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"identity": {"id": 1}}, "1 is not of type"),
        ({"identity": {"id": "x", "customId": "x"}}, "Additional properties"),
        ({}, "required property"),
    ],
    ids=["type", "more", "less"],
)
def test_an_answer_that_is_not_documented_would_be_found(
    running: EmulatorServer,
    session: requests.Session,
    monkeypatch: pytest.MonkeyPatch,
    conformance: Conformance,
    members: dict[str, object],
    problem: str,
) -> None:
    case = operation(LATEST, "POST", "/identities").Case(query={"api-version": LATEST})
    auth = Bearer(running.emulator.entra.issue_token())
    check(case, case.call(base_url=running.endpoint, session=session, auth=auth, timeout=20))

    def answer_wrongly(_: object) -> bytes:
        return json.dumps(members).encode()

    monkeypatch.setattr("acs_identity_emulator.emulator._json", answer_wrongly)
    response = case.call(base_url=running.endpoint, session=session, auth=auth, timeout=20)
    with pytest.raises(BaseExceptionGroup) as caught:
        check(case, response)
    assert problem in str(caught.value.exceptions[0])
    conformance.problems.clear()
