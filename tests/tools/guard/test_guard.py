"""What the guard says of a checkout: nothing of one that is well; of others what is wrong, where and what to do."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .conftest import Git, commit

pytestmark = pytest.mark.once

Report = Callable[..., dict[str, Any]]
Findings = Callable[..., list[str]]


@pytest.fixture
def report(guard: ModuleType, checkout: Path, tmp_path: Path, known: set[str]) -> Report:
    """Run the guard on the checkout; return, by name, its parts with what was planted, and the exit code of that."""

    def run(*arguments: str) -> dict[str, Any]:
        file = tmp_path / "report.json"
        code = guard.main([*arguments, "--json", str(file)], checkout)
        content = json.loads(file.read_text())
        assert content["ok"] == (code == 0)
        for part in content["parts"]:
            part["findings"] = [finding for finding in part["findings"] if finding not in known]
        planted = any(part["findings"] for part in content["parts"])
        return {"code": int(planted)} | {part["name"]: part for part in content["parts"]}

    return run


@pytest.fixture
def findings(report: Report) -> Findings:
    """Run the guard on the checkout, and return the findings of one part after checking that no other has any."""

    def run(name: str, *arguments: str) -> list[str]:
        parts = report(*arguments)
        assert parts.pop("code") == 1
        found = {part["name"]: part["findings"] for part in parts.values() if part["findings"]}
        assert list(found) == [name]
        return list(found[name])

    return run


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def edit_contract(folder: Path, how: Callable[[Any], object]) -> None:
    file = folder / "CommunicationIdentity.json"
    content = json.loads(file.read_text())
    how(content)
    file.write_text(json.dumps(content, indent=2) + "\n")


def restamp(load_tool: Callable[[str], ModuleType], checkout: Path) -> None:
    """Pretend that generated/ was made from the contracts as they are now."""
    stamp = load_tool("generate").stamp(checkout, checkout / "generated")
    (checkout / "generated" / "stamp.json").write_text(json.dumps(stamp))


def announce(checkout: Path, entry: str) -> None:
    edit_first_heading(checkout / "CHANGELOG.md", f"## 9.9.9 (unreleased)\n\n- {entry}\n\n## ")


def edit_first_heading(file: Path, new: str) -> None:
    file.write_text(file.read_text().replace("## ", new, 1))


def test_the_report_takes_less_than_30_seconds_and_ends_with_one_line_for_each_part(
    report: Report, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    parts = report()

    assert time.monotonic() - began < 30
    assert parts.pop("code") == 0
    summary = capsys.readouterr().out.split("summary")[-1].splitlines()[1:]
    assert len(summary) == len(parts) == 7


@pytest.mark.parametrize(
    ("found", "code", "line"),
    [("", 0, "ok"), ("a", 1, "1 finding"), ("ab", 1, "2 findings")],
)
def test_one_finding_in_one_part_is_enough_to_fail(
    guard: ModuleType,
    load_tool: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    found: str,
    code: int,
    line: str,
) -> None:
    part = load_tool("guard.report").Part

    def run(*_: object, **__: object) -> list[Any]:
        return [part("a", "title"), part("b", "title", list(found))]

    monkeypatch.setattr(guard, "run", run)

    assert guard.main([]) == code
    assert f"  {line} " in capsys.readouterr().out.split("summary")[-1]


def test_without_git_the_guard_says_that_it_could_not_run(
    guard: ModuleType, checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(checkout / ".git")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(checkout.parent))

    assert guard.main([], checkout) == 2
    assert "guard: could not run: git" in capsys.readouterr().err


def test_an_unknown_base_is_named(guard: ModuleType, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert guard.main(["--base", "no-such-branch"], checkout) == 2
    assert "no-such-branch" in capsys.readouterr().err


def test_a_contract_that_is_no_json_is_named(report: Report, newest: Path) -> None:
    (newest / "CommunicationIdentity.json").write_text("{")

    parts = report()

    assert parts["code"] == 1
    assert any(newest.name in finding for finding in parts["contracts"]["findings"])


def test_an_example_that_breaks_its_contract_is_located(report: Report, newest: Path) -> None:
    edit(newest / "examples" / "Delete.json", f'"api-version": "{newest.name}"', '"api-version": "2000-01-01"')

    [finding] = report()["contracts"]["findings"]
    assert finding.startswith(f"swagger/{newest.name}/examples/Delete.json#/parameters/api-version: ")


@pytest.fixture
def narrowed(newest: Path, checkout: Path, load_tool: Callable[[str], ModuleType]) -> str:
    """The newest version, in whose contract an answer has lost a property since the last commit."""

    def remove(contract: Any) -> None:
        del contract["definitions"]["TeamsExtensionAssignmentResponse"]["properties"]["clientIds"]

    edit_contract(newest, remove)
    for file in (newest / "examples").glob("*TeamsExtensionAssignment.json"):
        content = json.loads(file.read_text())
        for answer in content["responses"].values():
            answer.get("body", {}).pop("clientIds", None)
        file.write_text(json.dumps(content))
    restamp(load_tool, checkout)
    return newest.name


def test_breaking_a_version_that_is_in_use_fails(findings: Findings, narrowed: str) -> None:
    found = findings("working tree")

    assert len(found) == 3
    for finding in found:
        assert finding.startswith(f"{narrowed}: ")
        assert "response property removed" in finding
        assert "#/definitions/TeamsExtensionAssignmentResponse/properties/clientIds" in finding
        assert "CHANGELOG.md" in finding


@pytest.mark.parametrize(
    "entry", ["The contract of {} never had `clientIds` in answers.", "{}: `clientIds` of\n  an answer is gone."]
)
def test_a_breaking_change_that_the_changelog_announces_passes(
    report: Report, checkout: Path, narrowed: str, entry: str
) -> None:
    announce(checkout, entry.format(narrowed))

    assert report()["code"] == 0


@pytest.mark.parametrize(
    "entry",
    [
        "`clientIds` is gone.",
        "{} is mended.",
        "{} is mended.\n- `clientIds` is gone.",
        "{}: `clientIdsOfOthers` is gone.",
        "Other.\n\n## 9.9.8\n\n- {}: `clientIds` is gone.",
    ],
)
def test_the_changelog_must_name_version_and_property_in_one_entry_of_its_newest_section(
    findings: Findings, checkout: Path, narrowed: str, entry: str
) -> None:
    announce(checkout, entry.format(narrowed))

    assert len(findings("working tree")) == 3


def test_once_committed_the_change_is_seen_against_the_commit_before(
    report: Report, findings: Findings, git: Git, narrowed: str
) -> None:
    commit(git)

    assert report()["code"] == 0
    assert len(findings("working tree", "--base", "HEAD~1")) == 3
    assert narrowed


def test_a_version_cannot_vanish_unannounced(report: Report, checkout: Path) -> None:
    oldest = min(folder for folder in (checkout / "swagger").iterdir() if folder.is_dir())
    shutil.rmtree(oldest)

    [finding] = report()["working tree"]["findings"]
    assert finding.startswith(f"{oldest.name} is removed")

    announce(checkout, f"The API version {oldest.name} is removed.")
    assert report()["working tree"]["findings"] == []


def test_without_a_release_there_is_nothing_to_compare_the_api_with(report: Report) -> None:
    [note] = report()["public API"]["notes"]
    assert "no release tag" in note


@pytest.fixture
def renamed(checkout: Path, git: Git) -> None:
    """A method that the last release had has another name, and a parameter is gone."""
    git("tag", "v0.0.9")
    for name in ("_client.py", "aio/_client.py"):
        file = checkout / "customizations" / "acs_identity" / name
        edit(file, "def revoke_tokens(", "def revoke_all_tokens(")
        edit(file, "client_id: str, user_object_id: str, **kwargs", "client_id: str, **kwargs")


@pytest.mark.usefixtures("renamed")
def test_breaking_the_public_api_since_the_last_release_fails_by_name(findings: Findings) -> None:
    found = findings("public API")

    assert [finding.split(" since ")[0] for finding in found] == [
        "acs_identity.CommunicationIdentityClient.get_token_for_teams_user: parameter was removed: user_object_id",
        "acs_identity.CommunicationIdentityClient.revoke_tokens: public object was removed",
        "acs_identity.aio.CommunicationIdentityClient.get_token_for_teams_user: parameter was removed: user_object_id",
        "acs_identity.aio.CommunicationIdentityClient.revoke_tokens: public object was removed",
    ]
    assert all("v0.0.9" in finding and "CHANGELOG.md" in finding for finding in found)


@pytest.mark.usefixtures("renamed")
def test_a_broken_api_that_the_changelog_names_passes(report: Report, findings: Findings, checkout: Path) -> None:
    announce(checkout, "`revoke_tokens` is called `revoke_all_tokens`.")
    assert len(findings("public API")) == 2

    announce(checkout, "`revoke_tokens` is gone, and `get_token_for_teams_user` needs no object id.")
    assert report()["code"] == 0


def test_what_is_private_or_new_breaks_nobody(report: Report, checkout: Path, git: Git) -> None:
    git("tag", "v0.0.9")
    package = checkout / "customizations" / "acs_identity"
    edit(package / "_errors.py", "def service_errors(", "def errors_of_the_service(")
    edit(package / "_client.py", "def close(self)", "def stop(self) -> None:\n        pass\n\n    def close(self)")

    assert report()["public API"]["findings"] == []


UNREACHED = "tools/guard/unreached.toml"


def test_an_operation_that_no_friendly_method_reaches_must_be_excused(findings: Findings, checkout: Path) -> None:
    file = checkout / "customizations" / "acs_identity" / "aio" / "_client.py"
    edit(file, "self.raw.identity.delete(", "self.raw.identity.revoke_access_tokens(")

    [finding] = findings("friendly methods")
    assert finding.startswith("no friendly method reaches identity.delete: ")

    (checkout / UNREACHED).write_text((checkout / UNREACHED).read_text() + '"identity.delete" = " "\n')
    [finding] = findings("friendly methods")
    assert finding == f"{UNREACHED} gives no reason for identity.delete: write one"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("identity.delete", "which a friendly method reaches by now"),
        ("identity.no_such_thing", "which the default version does not have"),
    ],
)
def test_an_excuse_that_is_not_needed_fails(findings: Findings, checkout: Path, name: str, why: str) -> None:
    (checkout / UNREACHED).write_text((checkout / UNREACHED).read_text() + f'"{name}" = "planned"\n')

    [finding] = findings("friendly methods")
    assert finding == f"{UNREACHED} lists {name}, {why}: remove the line"


def test_a_default_version_that_was_never_generated_is_named(findings: Findings, checkout: Path) -> None:
    versions = checkout / "customizations" / "acs_identity" / "_versions.py"
    text = versions.read_text().splitlines(keepends=True)
    changed = ['DEFAULT_API_VERSION = "2098-01-01"\n' if line.startswith("DEFAULT_API") else line for line in text]
    versions.write_text("".join(changed))

    [finding] = findings("friendly methods")
    assert "2098-01-01 has no generated package" in finding


def test_an_operation_without_a_cassette_is_named(findings: Findings, checkout: Path, newest: Path) -> None:
    for file in (checkout / "tests" / "congruence" / "cassettes").rglob("*.yaml"):
        text = file.read_text()
        if f"api-version={newest.name}" in text and "method: DELETE" in text:
            file.write_text(text.replace("method: DELETE", "method: HEAD"))

    [finding] = findings("coverage")
    assert finding.startswith(f"{newest.name}: ")
    assert "without cassette" in finding
    assert finding.partition("): ")[2].startswith("DELETE /identities/{id}")


def test_a_recorded_failure_is_no_cassette_of_the_operation(
    load_tool: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    coverage = load_tool("guard.coverage")
    interaction = "- request: {{method: GET, uri: 'https://a/b?api-version=1'}}\n  response: {{status: {{code: {}}}}}\n"
    (tmp_path / "a.yaml").write_text("interactions:\n" + interaction.format(404))
    assert coverage.recorded(tmp_path) == set()

    (tmp_path / "b.yaml").write_text("interactions:\n" + interaction.format(200))
    assert coverage.recorded(tmp_path) == {("1", "GET", "/b")}


def test_an_operation_without_an_emulator_handler_is_named(findings: Findings, checkout: Path) -> None:
    operations = checkout / "emulator" / "acs_identity_emulator" / "operations.py"
    operations.write_text(
        operations.read_text() + '\nHANDLERS = {key: HANDLERS[key] for key in HANDLERS if key[0] != "DELETE"}\n'
    )

    found = findings("coverage")
    assert len(found) == len([folder for folder in (checkout / "swagger").iterdir() if folder.is_dir()])
    assert all("without emulator handler" in finding and "DELETE /identities/{id}" in finding for finding in found)


def test_an_emulator_that_cannot_be_asked_is_a_finding(findings: Findings, checkout: Path) -> None:
    (checkout / "emulator" / "acs_identity_emulator" / "operations.py").write_text("")

    [finding] = findings("coverage")
    assert "the emulator does not say which operations it handles" in finding
    assert "ImportError" in finding


def test_an_operation_without_an_example_is_named(report: Report, newest: Path) -> None:
    edit_contract(newest, lambda contract: contract["paths"]["/identities/{id}"]["delete"].pop("x-ms-examples"))

    [finding] = report()["coverage"]["findings"]
    assert finding.startswith(f"{newest.name}: 1 of ")
    assert finding.endswith("DELETE /identities/{id}")


def test_a_contract_changed_after_the_generation_is_noticed(findings: Findings, newest: Path) -> None:
    edit_contract(newest, lambda contract: contract["info"].update(description="Other words."))

    [finding] = findings("generated")
    # The stamp hashes swagger/ as a whole or every version by itself.
    assert finding.startswith(("swagger ", f"{newest.name} "))
    assert "run make generate" in finding


def test_lines_typed_into_generated_code_are_counted(findings: Findings, checkout: Path) -> None:
    package = checkout / "generated" / "acs_identity_rest"
    with (package / "__init__.py").open("a") as file:
        file.write("# one\n# two\n")
    (package / "extra.py").write_text("# three\n")

    found = findings("generated")
    assert [finding.split(" differ")[0] for finding in found] == [
        "generated/acs_identity_rest/__init__.py: 2 lines",
        "generated/acs_identity_rest/extra.py: 1 line",
    ]


def test_typed_lines_do_not_escape_by_being_committed(findings: Findings, checkout: Path, git: Git) -> None:
    (checkout / "generated" / "acs_identity_rest" / "extra.py").write_text("# three\n")
    commit(git)

    [finding] = findings("generated")
    assert "the change is committed" in finding


def test_a_missing_stamp_is_a_finding(findings: Findings, checkout: Path) -> None:
    (checkout / "generated" / "stamp.json").unlink()

    [finding] = findings("generated")
    assert "run make generate" in finding


def test_changes_of_untouched_versions_are_counted_and_listed_on_demand(
    guard: ModuleType, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guard.main([], checkout)
    short = capsys.readouterr().out
    guard.main(["--all"], checkout)
    long = capsys.readouterr().out

    assert "operation added" not in short
    assert "operation added" in long
    assert "/access/teamsExtension/tenants/{tenantId}/assignments/{objectId}" in long
    assert "…" not in long
