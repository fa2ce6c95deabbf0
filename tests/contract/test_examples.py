import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

# The contracts and the tools are the same for every interpreter.
pytestmark = pytest.mark.once

SWAGGER = Path(__file__).resolve().parents[2] / "swagger"
VERSIONS = sorted(folder.name for folder in SWAGGER.iterdir() if folder.is_dir())
PLANTED = "2026-09-23"

Edit = Callable[[Any], object]
Plant = Callable[[str, Edit], None]


def test_there_is_a_contract_to_check() -> None:
    assert len(VERSIONS) == 9
    assert PLANTED in VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_a_contract_is_valid_and_its_examples_keep_to_it(contract_check: ModuleType, version: str) -> None:
    assert contract_check.check(SWAGGER, version) == []


@pytest.fixture
def swagger(tmp_path: Path) -> Path:
    """A copy to plant faults in."""
    copy = tmp_path / "swagger"
    shutil.copytree(SWAGGER, copy)
    return copy


@pytest.fixture
def plant(swagger: Path) -> Plant:
    def change(name: str, how: Edit) -> None:
        file = swagger / PLANTED / name
        content = json.loads(file.read_text())
        how(content)
        file.write_text(json.dumps(content))

    return change


def planted(name: str, how: Edit, where: str, message: str, *, title: str) -> pytest.ParameterSet:
    return pytest.param(name, how, where, message, id=title)


CREATE = "examples/Create.json"
ISSUE = "examples/IssueAccessToken.json"
UPSERT = "examples/UpsertTeamsExtensionAssignment.json"
DELETE = "examples/Delete.json"


@pytest.mark.parametrize(
    ("name", "how", "where", "message"),
    [
        planted(
            CREATE,
            lambda e: e["parameters"]["body"].update(expiresInMinutes="60"),
            "/parameters/body/expiresInMinutes",
            "'60' is not of type 'integer'",
            title="text for a number",
        ),
        planted(
            CREATE,
            lambda e: e["parameters"]["body"].update(expiresInMinutes=59),
            "/parameters/body/expiresInMinutes",
            "59 is less than the minimum of 60",
            title="a lifetime below the limit",
        ),
        planted(
            ISSUE,
            lambda e: e["parameters"]["body"].pop("scopes"),
            "/parameters/body",
            "'scopes' is a required property",
            title="a required property left out",
        ),
        planted(
            CREATE,
            lambda e: e["parameters"]["body"].update(expiresInMinuts=60),
            "/parameters/body/expiresInMinuts",
            "the schema declares no such property",
            title="a misspelled property",
        ),
        planted(
            CREATE,
            lambda e: e["parameters"]["body"].update(createTokenWithScopes=["chat", "fax"]),
            "/parameters/body/createTokenWithScopes/1",
            "'fax' is not one of",
            title="a scope nobody may ask for",
        ),
        planted(
            ISSUE,
            lambda e: e["parameters"].pop("body"),
            "/parameters/body",
            "is required and not there",
            title="a required body left out",
        ),
        planted(
            DELETE,
            lambda e: e["parameters"].pop("id"),
            "/parameters/id",
            "is required and not there",
            title="a required parameter left out",
        ),
        planted(
            DELETE,
            lambda e: e["parameters"].update(force=True),
            "/parameters/force",
            "IdentityOperations_Delete declares no such parameter",
            title="a parameter nobody declared",
        ),
        planted(
            DELETE,
            lambda e: e["parameters"].update({"api-version": "2023-10-01"}),
            "/parameters/api-version",
            "is 2023-10-01, but the contract is of 2026-09-23",
            title="the api-version of another contract",
        ),
        planted(
            DELETE,
            lambda e: e["parameters"].update({"api-version": ""}),
            "/parameters/api-version",
            "'' should be non-empty",
            title="an empty api-version",
        ),
        planted(
            DELETE,
            lambda e: e["responses"].update({"202": {}}),
            "/responses/202",
            "IdentityOperations_Delete declares no such status code",
            title="a status code nobody declared",
        ),
        planted(
            DELETE,
            lambda e: e["responses"].update({"204": {"body": {}}}),
            "/responses/204/body",
            "the answer declares no body",
            title="a body in an empty answer",
        ),
        planted(
            DELETE,
            lambda e: e["responses"].update({"404": {"body": {"error": {"code": "NotFound"}}}}),
            "/responses/404/body/error",
            "'message' is a required property",
            title="an error that is not the default error",
        ),
        planted(
            DELETE,
            lambda e: e["responses"].update({"204": {"headers": {"Location": "https://example.com"}}}),
            "/responses/204/headers/Location",
            "the answer declares no such header",
            title="a header nobody declared",
        ),
        planted(
            DELETE,
            lambda e: e.update(responses={}),
            "/responses",
            "shows no answer",
            title="no answer at all",
        ),
        planted(
            CREATE,
            lambda e: e["responses"]["201"].pop("body"),
            "/responses/201/body",
            "is required and not there",
            title="an answer without its body",
        ),
        planted(
            CREATE,
            lambda e: e["responses"]["201"]["body"]["accessToken"].update(expiresOn="tomorrow"),
            "/responses/201/body/accessToken/expiresOn",
            "'tomorrow' is not a 'date-time'",
            title="an expiry that is no time",
        ),
        planted(
            CREATE,
            lambda e: e.update(operationId="IdentityOperations_Delete"),
            "/operationId",
            "is IdentityOperations_Delete, but the operation that refers to it is IdentityOperations_Create",
            title="an example of another operation",
        ),
    ],
)
def test_a_fault_in_an_example_is_found_and_located(
    contract_check: ModuleType,
    swagger: Path,
    plant: Plant,
    name: str,
    how: Edit,
    where: str,
    message: str,
) -> None:
    plant(name, how)

    found = [str(finding) for finding in contract_check.check(swagger, PLANTED)]

    assert any(line.startswith(f"swagger/{PLANTED}/{name}#{where}: {message}") for line in found), found


def test_an_integer_too_large_for_its_format_is_found(contract_check: ModuleType, swagger: Path, plant: Plant) -> None:
    def lift_the_limit(contract: Any) -> None:
        del contract["definitions"]["CommunicationIdentityCreateRequest"]["properties"]["expiresInMinutes"]["maximum"]

    plant("CommunicationIdentity.json", lift_the_limit)
    plant(CREATE, lambda e: e["parameters"]["body"].update(expiresInMinutes=2**31))

    [finding] = contract_check.check(swagger, PLANTED)

    assert str(finding).endswith(f"#/parameters/body/expiresInMinutes: {2**31} is not a 'int32'")


def test_a_request_may_not_carry_what_is_read_only(contract_check: ModuleType, swagger: Path, plant: Plant) -> None:
    def protect(contract: Any) -> None:
        properties = contract["definitions"]["TeamsExtensionAssignmentCreateOrUpdateRequest"]["properties"]
        properties["principalType"]["readOnly"] = True

    plant("CommunicationIdentity.json", protect)

    [finding] = contract_check.check(swagger, PLANTED)

    assert finding.file.endswith(UPSERT)
    assert (finding.pointer, finding.message) == (
        "/parameters/body/principalType",
        "is read-only, a request must not carry it",
    )


def test_an_answer_may_carry_a_value_the_service_added_later(
    contract_check: ModuleType, swagger: Path, plant: Plant
) -> None:
    plant(UPSERT, lambda e: e["responses"]["200"]["body"].update(principalType="meetingRoom"))

    assert contract_check.check(swagger, PLANTED) == []


def test_an_answer_keeps_to_a_closed_enum(contract_check: ModuleType, swagger: Path, plant: Plant) -> None:
    def close(contract: Any) -> None:
        contract["definitions"]["TeamsExtensionPrincipalType"]["x-ms-enum"]["modelAsString"] = False

    plant("CommunicationIdentity.json", close)
    plant(UPSERT, lambda e: e["responses"]["200"]["body"].update(principalType="meetingRoom"))

    [finding] = contract_check.check(swagger, PLANTED)

    assert finding.pointer == "/responses/200/body/principalType"


@pytest.mark.parametrize(
    ("name", "how", "where", "message"),
    [
        planted(
            "CommunicationIdentity.json",
            lambda c: c["paths"]["/identities"]["post"].pop("x-ms-examples"),
            "/paths/~1identities/post",
            "the operation has no example",
            title="an operation without an example",
        ),
        planted(
            "CommunicationIdentity.json",
            lambda c: c["paths"]["/identities"]["post"]["x-ms-examples"].update(
                {"Another": {"$ref": "./examples/Another.json"}}
            ),
            "/paths/~1identities/post/x-ms-examples/Another",
            "nothing readable is at ./examples/Another.json",
            title="a reference to a missing example",
        ),
        planted(
            "CommunicationIdentity.json",
            lambda c: c["definitions"].pop("CommunicationIdentity"),
            "/definitions/CommunicationIdentityAccessTokenResult/properties/identity",
            "nothing readable is at #/definitions/CommunicationIdentity",
            title="a reference to a missing schema",
        ),
        planted(
            "CommunicationIdentity.json",
            lambda c: c["paths"]["/identities"]["post"]["responses"].update(
                {"200": {"description": "The identity was there already."}}
            ),
            "/paths/~1identities/post/responses/200",
            "no example shows this answer",
            title="an answer no example shows",
        ),
        planted(
            "CommunicationIdentity.json",
            lambda c: c["paths"]["/identities/{id}"]["delete"].update(operationId="IdentityOperations_Create"),
            "/paths/~1identities~1{id}/delete/operationId",
            "IdentityOperations_Create is already the id of /paths/~1identities/post",
            title="two operations with one id",
        ),
        planted(
            "CommunicationIdentity.json",
            lambda c: c["info"].update(version="2026-09-24"),
            "/info/version",
            "is 2026-09-24, but the folder is 2026-09-23",
            title="a contract in the folder of another version",
        ),
        planted(
            "CommunicationIdentity.json",
            lambda c: c["paths"]["/identities"]["post"].pop("responses"),
            "/paths/~1identities/post",
            "",
            title="an operation without answers",
        ),
    ],
)
def test_a_fault_in_a_contract_is_found_and_located(
    contract_check: ModuleType, swagger: Path, plant: Plant, name: str, how: Edit, where: str, message: str
) -> None:
    plant(name, how)

    found = [str(finding) for finding in contract_check.check(swagger, PLANTED)]

    assert any(line.startswith(f"swagger/{PLANTED}/{name}#{where}: {message}") for line in found), found


def test_an_example_that_no_operation_refers_to_is_found(contract_check: ModuleType, swagger: Path) -> None:
    shutil.copy(swagger / PLANTED / CREATE, swagger / PLANTED / "examples" / "Forgotten.json")

    [finding] = contract_check.check(swagger, PLANTED)

    assert str(finding) == "swagger/2026-09-23/examples/Forgotten.json#: no operation refers to this example"


@pytest.mark.parametrize("name", [f"{PLANTED}/{CREATE}", f"{PLANTED}/CommunicationIdentity.json", "common.json"])
def test_a_file_that_is_not_json_is_found_with_line_and_column(
    contract_check: ModuleType, swagger: Path, name: str
) -> None:
    (swagger / name).write_text('{\n  "a" 1\n}')

    [finding] = contract_check.check(swagger, PLANTED)

    assert str(finding) == f"swagger/{name}#: is not JSON: Expecting ':' delimiter: line 2 column 7 (char 8)"


def test_a_version_without_a_contract_is_found(contract_check: ModuleType, swagger: Path) -> None:
    (swagger / PLANTED / "CommunicationIdentity.json").unlink()

    [finding] = contract_check.check(swagger, PLANTED)

    assert str(finding) == f"swagger/{PLANTED}/CommunicationIdentity.json#: is not there"


def test_a_broken_reference_in_the_common_file_is_found(contract_check: ModuleType, swagger: Path) -> None:
    common = json.loads((swagger / "common.json").read_text())
    common["definitions"]["CommunicationErrorResponse"]["properties"]["error"]["$ref"] = "#/definitions/Error"
    (swagger / "common.json").write_text(json.dumps(common))

    [finding] = contract_check.check(swagger, "2023-10-01")

    where = "/definitions/CommunicationErrorResponse/properties/error"
    assert str(finding) == f"swagger/common.json#{where}: nothing readable is at #/definitions/Error"


def test_a_merge_patch_may_remove_with_null_but_not_replace_with_a_part(
    contract_check: ModuleType, swagger: Path
) -> None:
    file = swagger / "2025-03-02-preview" / "examples" / "UpdateEntraIdAssignments.json"
    example = json.loads(file.read_text())
    body = example["parameters"]["body"]
    assert None in body.values()
    assert contract_check.check(swagger, "2025-03-02-preview") == []

    changed = next(name for name, assignment in body.items() if assignment)
    body[changed]["clientIds"] = None
    file.write_text(json.dumps(example))

    [finding] = contract_check.check(swagger, "2025-03-02-preview")
    assert finding.pointer == f"/parameters/body/{changed}"
    assert finding.message == "'clientIds' is a required property"


def test_null_is_no_value_in_a_body_that_is_no_merge_patch(
    contract_check: ModuleType, swagger: Path, plant: Plant
) -> None:
    plant(CREATE, lambda e: e["parameters"]["body"].update(expiresInMinutes=None))

    [finding] = contract_check.check(swagger, PLANTED)

    assert str(finding).endswith("#/parameters/body/expiresInMinutes: None is not of type 'integer'")
