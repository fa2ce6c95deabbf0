"""Entra ID and Teams principals are assigned to the resource from the command line."""

import json
from collections.abc import Iterator

import pytest

from acs_identity_emulator import Emulator, EmulatorServer

from .running import Ran, run_command

pytestmark = pytest.mark.once

TENANT = "c70d068c-2f32-484d-9455-73070cd5aadd"
APP = "617d08b5-f35b-4270-87d6-56833d2dee1b"
OTHER_APP = "2c3e1e83-8fd7-4615-ad2b-b8c1229845ac"
PRINCIPAL = "b27b64b9-39d2-44a3-869d-67700b74e805"
OTHER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    with EmulatorServer(Emulator()) as server:
        monkeypatch.setenv("AZURE_COMMUNICATION_CONNECTION_STRING", server.connection_string)
        yield server.emulator


def set_entra(object_id: str = PRINCIPAL, principal_type: str = "user", *more: str) -> Ran:
    arguments = ["--object-id", object_id, "--tenant-id", TENANT, "--principal-type", principal_type]
    return run_command("assignment", "entra", "set", *arguments, "--client-id", APP, *more)


def set_teams(principal_type: str = "user", *more: str) -> Ran:
    arguments = ["--object-id", PRINCIPAL, "--tenant-id", TENANT, "--principal-type", principal_type]
    return run_command("assignment", "teams", "set", *arguments, *more)


@pytest.mark.usefixtures("emulator")
def test_an_entra_principal_is_assigned_listed_replaced_and_removed() -> None:
    made = set_entra().data
    assert made == {"object_id": PRINCIPAL, "tenant_id": TENANT, "principal_type": "user", "client_ids": [APP]}
    assert run_command("assignment", "entra", "get", "--object-id", PRINCIPAL).data == made
    replaced = set_entra(PRINCIPAL, "group", OTHER_APP).data
    assert (replaced["principal_type"], set(replaced["client_ids"])) == ("group", {APP, OTHER_APP})
    other = set_entra(OTHER).data
    listed = run_command("assignment", "entra", "list").data
    assert sorted(listed, key=str) == sorted([replaced, other], key=str)
    called = run_command("assignment", "entra", "delete", "--object-id", PRINCIPAL, "--yes")
    assert (called.code, called.stdout, called.stderr) == (0, "", "")
    assert run_command("assignment", "entra", "list").data == [other]


@pytest.mark.parametrize("api_version", [None, "2025-06-30", "2025-03-02-preview"])
@pytest.mark.usefixtures("emulator")
def test_a_teams_principal_is_assigned_read_and_removed(api_version: str | None) -> None:
    version = [] if api_version is None else ["--api-version", api_version]
    made = set_teams("teamsResourceAccount", "--client-id", APP, *version).data
    assert made == {
        "object_id": PRINCIPAL,
        "tenant_id": TENANT,
        "principal_type": "teamsResourceAccount",
        "client_ids": [APP],
    }
    ids = ["--tenant-id", TENANT, "--object-id", PRINCIPAL]
    assert run_command("assignment", "teams", "get", *ids, *version).data == made
    assert run_command("assignment", "teams", "delete", *ids, "-y", *version).code == 0
    gone = run_command("assignment", "teams", "get", *ids, *version)
    assert (gone.code, gone.stdout) == (1, "")
    assert "404" in gone.stderr


@pytest.mark.parametrize("kind", ["entra", "teams"])
def test_no_assignment_is_deleted_unasked(emulator: Emulator, kind: str) -> None:
    ids = ["--object-id", PRINCIPAL, *(["--tenant-id", TENANT] if kind == "teams" else [])]
    called = run_command("assignment", kind, "delete", *ids)
    assert called.code == 2
    assert "--yes" in called.stderr
    assert not emulator.journal.entries()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 2), ("", 130)])
@pytest.mark.parametrize("kind", ["entra", "teams"])
@pytest.mark.usefixtures("emulator")
def test_deleting_an_assignment_asks_at_a_terminal(kind: str, answer: str, code: int) -> None:
    made = (set_entra() if kind == "entra" else set_teams()).data
    ids = ["--object-id", PRINCIPAL, *(["--tenant-id", TENANT] if kind == "teams" else [])]
    called = run_command("assignment", kind, "delete", *ids, stdin=answer, types=True)
    assert (called.code, called.stdout) == (code, "")
    assert "Delete the assignment?" in called.stderr
    left = run_command("assignment", kind, "get", *ids)
    assert left.code == 1 if code == 0 else left.data == made


@pytest.mark.usefixtures("emulator")
def test_a_teams_principal_may_act_through_no_application_in_particular() -> None:
    assert set_teams().data["client_ids"] == []


@pytest.mark.parametrize("kind", ["entra", "teams"])
def test_a_dry_run_assigns_and_deletes_nothing(emulator: Emulator, kind: str) -> None:
    ids = ["--object-id", PRINCIPAL, *(["--tenant-id", TENANT] if kind == "teams" else [])]
    setting = set_entra(PRINCIPAL, "user", "--dry-run") if kind == "entra" else set_teams("user", "--dry-run")
    deleting = run_command("assignment", kind, "delete", *ids, "--dry-run")
    told = [json.loads(called.stdout) for called in (setting, deleting)]
    assert [each["method"] for each in told] == ["PUT", "DELETE"]
    path = {
        "entra": "/access/entra/assignments/{object_id}?api-version=2025-03-02-preview",
        "teams": "/access/teamsExtension/tenants/{tenant_id}/assignments/{object_id}?api-version=2026-09-23",
    }[kind]
    assert [each["path"] for each in told] == [path, path]
    assert [each["count"] for each in told] == [1, 1]
    assert all(each["endpoint"].startswith("http://127.0.0.1:") for each in told)
    assert not emulator.journal.entries()


def test_a_typo_in_the_type_of_a_principal_is_answered_with_what_was_meant(emulator: Emulator) -> None:
    assert "Did you mean group?" in set_entra(PRINCIPAL, "gruop").stderr
    assert "Did you mean resourceAccount?" in set_teams("resourceacount").stderr
    assert not emulator.journal.entries()


def test_a_type_of_principal_that_nobody_knows_is_left_to_the_service(emulator: Emulator) -> None:
    assert set_entra(PRINCIPAL, "alien").code == 1
    assert len(emulator.journal.entries()) == 1


def test_a_version_without_them_says_which_has_them(emulator: Emulator) -> None:
    ids = ["--object-id", PRINCIPAL]
    for dry in ([], ["--dry-run"]):
        for called in (
            set_entra(PRINCIPAL, "user", "--api-version", "2026-09-23", *dry),
            run_command("assignment", "entra", "delete", *ids, "--api-version", "2026-09-23", *(dry or ["--yes"])),
        ):
            assert (called.code, called.stdout) == (2, "")
            assert "2025-03-02-preview" in called.stderr
        ids_of_teams = [*ids, "--tenant-id", TENANT, "--api-version", "2023-10-01"]
        for called in (
            set_teams("user", "--api-version", "2023-10-01", *dry),
            run_command("assignment", "teams", "delete", *ids_of_teams, *(dry or ["--yes"])),
        ):
            assert (called.code, called.stdout) == (2, "")
            assert "2025-06-30" in called.stderr
    assert not emulator.journal.entries()


@pytest.mark.parametrize("option", ["--object-id", "--tenant-id"])
@pytest.mark.parametrize(
    "command",
    [["entra", "set", "--principal-type", "user", "--client-id", APP], ["teams", "delete", "--yes"], ["teams", "get"]],
    ids=" ".join,
)
def test_an_id_that_is_empty_is_named_as_it_was_given(emulator: Emulator, command: list[str], option: str) -> None:
    given = {"--object-id": PRINCIPAL, "--tenant-id": TENANT, option: ""}
    called = run_command("assignment", *command, *(word for pair in given.items() for word in pair))
    assert (called.code, called.stdout) == (2, "")
    assert f"'{option}': it is empty" in called.stderr
    assert not emulator.journal.entries()


@pytest.mark.parametrize("missing", ["--object-id", "--tenant-id", "--principal-type", "--client-id"])
def test_what_is_missing_is_named(emulator: Emulator, missing: str) -> None:
    given = {"--object-id": PRINCIPAL, "--tenant-id": TENANT, "--principal-type": "user", "--client-id": APP}
    del given[missing]
    called = run_command("assignment", "entra", "set", *(word for pair in given.items() for word in pair))
    assert called.code == 2
    assert missing in called.stderr
    assert not emulator.journal.entries()
