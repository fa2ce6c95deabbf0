import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

# The contracts and the tools are the same for every interpreter.
pytestmark = pytest.mark.once

SWAGGER = Path(__file__).resolve().parents[2] / "swagger"
FACTS = Path(__file__).resolve().parent / "facts"
VERSIONS = sorted(folder.name for folder in SWAGGER.iterdir() if folder.is_dir())
PLANTED = "2026-09-23"
Edit = Callable[[Any], object]
ISSUE = "/identities/{id}/:issueAccessToken"


def facts(version: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FACTS / f"{version}.yaml").read_text())
    return loaded


def test_every_contract_has_facts_to_be_compared_with_and_no_facts_lack_a_contract() -> None:
    assert sorted(file.stem for file in FACTS.iterdir()) == VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_the_facts_say_at_which_commit_they_were_read(version: str) -> None:
    sources = facts(version)["source"]

    assert sources
    for source in sources:
        assert f"/{version}/" in source["path"]
        assert len(bytes.fromhex(source["commit"])) == 20


@pytest.mark.parametrize("version", VERSIONS)
def test_a_contract_says_exactly_what_the_service_does(contract_check: ModuleType, version: str) -> None:
    assert contract_check.compare_with_facts(SWAGGER, version, facts(version)) == []


def schema(name: str) -> Callable[[Any], Any]:
    return lambda contract: contract["definitions"][name]


def operation(path: str, method: str) -> Callable[[Any], Any]:
    return lambda contract: contract["paths"][path][method]


def departs(at: Callable[[Any], Any], how: Edit, where: str, message: str, *, title: str) -> pytest.ParameterSet:
    return pytest.param(at, how, where, message, id=title)


@pytest.mark.parametrize(
    ("at", "how", "where", "message"),
    [
        departs(
            operation("/identities/{id}", "delete"),
            lambda o: o.update(operationId="IdentityOperations_Remove"),
            "/paths/~1identities~1{id}/delete",
            'id: is "IdentityOperations_Remove", should be "IdentityOperations_Delete"',
            title="another operation id",
        ),
        departs(
            lambda c: c["paths"],
            lambda paths: paths.pop("/identities"),
            "/paths/~1identities/post",
            "is not there",
            title="a missing operation",
        ),
        departs(
            lambda c: c["paths"]["/identities"],
            lambda item: item.update(put={**item["post"], "operationId": "IdentityOperations_Put"}),
            "/paths/~1identities/put",
            "is {",
            title="an invented operation",
        ),
        departs(
            lambda c: c["parameters"]["ApiVersion"],
            lambda parameter: parameter.pop("minLength"),
            "/paths/~1identities/post",
            "parameters.api-version.minLength: is not there, should be 1",
            title="a missing limit of a parameter",
        ),
        departs(
            operation(ISSUE, "post"),
            lambda o: o["parameters"].append(
                {"name": "Repeatability-Request-ID", "in": "header", "type": "string", "description": "An id."}
            ),
            "/paths/~1identities~1{id}~1:issueAccessToken/post",
            "parameters.Repeatability-Request-ID: is {",
            title="an invented header",
        ),
        departs(
            operation(ISSUE, "post"),
            lambda o: o["parameters"][2].update(required=False),
            "/paths/~1identities~1{id}~1:issueAccessToken/post",
            "body.required: is false, should be true",
            title="an optional body that is required",
        ),
        departs(
            operation(ISSUE, "post"),
            lambda o: o.update(consumes=["application/merge-patch+json"]),
            "/paths/~1identities~1{id}~1:issueAccessToken/post",
            'body.contentType: is "application/merge-patch+json", should be "application/json"',
            title="another content type",
        ),
        departs(
            operation(ISSUE, "post"),
            lambda o: o["responses"].update({"202": o["responses"].pop("200")}),
            "/paths/~1identities~1{id}~1:issueAccessToken/post",
            'success.200: is not there, should be "CommunicationIdentityAccessToken"',
            title="another status code",
        ),
        departs(
            operation(ISSUE, "post"),
            lambda o: o["responses"].pop("default"),
            "/paths/~1identities~1{id}~1:issueAccessToken/post",
            'error: is null, should be "CommunicationErrorResponse"',
            title="no default error",
        ),
        departs(
            operation(ISSUE, "post"),
            lambda o: o.update({"x-ms-long-running-operation": True}),
            "/paths/~1identities~1{id}~1:issueAccessToken/post",
            "x-ms-long-running-operation: is true, the service has no such thing",
            title="an invented extension",
        ),
        departs(
            schema("CommunicationIdentityAccessTokenRequest"),
            lambda s: s["properties"]["expiresInMinutes"].update(maximum=1441),
            "/definitions/CommunicationIdentityAccessTokenRequest",
            "properties.expiresInMinutes.maximum: is 1441, should be 1440",
            title="another limit",
        ),
        departs(
            schema("CommunicationIdentityAccessTokenRequest"),
            lambda s: s.pop("required"),
            "/definitions/CommunicationIdentityAccessTokenRequest",
            'required: is not there, should be ["scopes"]',
            title="a required property made optional",
        ),
        departs(
            schema("CommunicationIdentityAccessToken"),
            lambda s: s["properties"]["expiresOn"].pop("format"),
            "/definitions/CommunicationIdentityAccessToken",
            'properties.expiresOn.format: is not there, should be "date-time"',
            title="a missing format",
        ),
        departs(
            schema("CommunicationIdentityTokenScope"),
            lambda s: s["enum"].remove("voip.join"),
            "/definitions/CommunicationIdentityTokenScope",
            'enum: is ["chat", "voip", "chat.join", "chat.join.limited"], should be',
            title="a missing scope",
        ),
        departs(
            schema("CommunicationIdentityTokenScope"),
            lambda s: s["x-ms-enum"]["values"].pop(),
            "/definitions/CommunicationIdentityTokenScope",
            'named: is ["chat", "voip", "chat.join", "chat.join.limited"], the service has no such thing',
            title="a scope without a constant",
        ),
        departs(
            schema("CommunicationIdentityTokenScope"),
            lambda s: s["x-ms-enum"].update(modelAsString=False),
            "/definitions/CommunicationIdentityTokenScope",
            "extensible: is false, should be true",
            title="a closed enum",
        ),
        departs(
            schema("CommunicationError"),
            lambda s: s["properties"]["innererror"].pop("readOnly"),
            "/definitions/CommunicationError",
            "properties.innererror.readOnly: is not there, should be true",
            title="an error model that differs",
        ),
        departs(
            lambda c: c["definitions"],
            lambda d: d.update(Invented={"type": "object", "description": "Nothing."}),
            "/definitions/Invented",
            'is {"type": "object"}, the service has no such thing',
            title="an invented schema",
        ),
        departs(
            lambda c: c,
            lambda c: c.update(securityDefinitions={"key": {"type": "apiKey", "name": "key", "in": "header"}}),
            "/securityDefinitions",
            "key: is {",
            title="an invented security scheme",
        ),
        departs(
            lambda c: c["x-ms-parameterized-host"]["parameters"][0],
            lambda p: p.pop("x-ms-skip-url-encoding"),
            "/x-ms-parameterized-host/parameters/0",
            "x-ms-skip-url-encoding: is not there, should be true",
            title="an endpoint that would be encoded",
        ),
    ],
)
def test_a_contract_that_departs_from_the_service_is_found_and_located(
    contract_check: ModuleType,
    tmp_path: Path,
    at: Callable[[Any], Any],
    how: Edit,
    where: str,
    message: str,
) -> None:
    shutil.copytree(SWAGGER, tmp_path / "swagger")
    file = tmp_path / "swagger" / PLANTED / "CommunicationIdentity.json"
    contract = json.loads(file.read_text())
    how(at(contract))
    file.write_text(json.dumps(contract))

    found = contract_check.compare_with_facts(tmp_path / "swagger", PLANTED, facts(PLANTED))

    wanted = f"swagger/{PLANTED}/CommunicationIdentity.json#{where}: {message}"
    assert any(str(finding).startswith(wanted) for finding in found), [str(finding) for finding in found]
