import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

# The contracts and the tools are the same for every interpreter.
pytestmark = pytest.mark.once


@pytest.fixture
def tree(root: Path, tmp_path: Path) -> Path:
    """A copy of what generated/ is made from, and of generated/."""
    for name in ("swagger", "generated", "tools/templates"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    version = "customizations/acs_identity/_version.py"
    (tmp_path / version).parent.mkdir(parents=True)
    for name in ("autorest.md", "package-lock.json", "tools/generate.py", "tools/contract_check.py", version):
        shutil.copy(root / name, tmp_path / name)
    return tmp_path


def recorded(tree: Path) -> dict[str, Any]:
    stamp: dict[str, Any] = json.loads((tree / "generated" / "stamp.json").read_text())
    return stamp


def test_generated_is_what_the_generator_last_wrote_from_these_inputs(generate: ModuleType, root: Path) -> None:
    assert generate.stamp(root, root / "generated") == recorded(root), (
        "generated/ does not belong to swagger/, autorest.md, tools/generate.py and the generator in package-lock.json,"
        " or was edited by hand. Run: make generate"
    )


def differing(generate: ModuleType, tree: Path) -> set[str]:
    """What the stamp says differs: an API version with what about it, or a part that all versions share."""
    now, then = generate.stamp(tree, tree / "generated"), recorded(tree)
    parts = {key for key in ("generator", "shared") if now[key] != then[key]}
    for version, hashes in now["versions"].items():
        parts |= {f"{version} {key}" for key in hashes if then["versions"][version][key] != hashes[key]}
    return parts


VERSIONS = sorted(
    folder.name for folder in (Path(__file__).resolve().parents[2] / "swagger").iterdir() if folder.is_dir()
)
ALL_INPUTS = {f"{version} inputs" for version in VERSIONS}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("swagger/2026-09-23/CommunicationIdentity.json", {"2026-09-23 inputs"}),
        ("swagger/2023-10-01/examples/Create.json", {"2023-10-01 inputs"}),
        ("swagger/common.json", ALL_INPUTS),
        ("tools/generate.py", ALL_INPUTS),
        ("tools/templates/__init__.py.txt", ALL_INPUTS),
        ("generated/acs_identity_rest/v2026_09_23/_client.py", {"2026-09-23 output"}),
        ("generated/acs_identity_rest/contract/2023-10-01/examples/Create.json", {"2023-10-01 output"}),
        ("generated/acs_identity_rest/contract/common.json", {"shared"}),
        ("generated/acs_identity_rest/__init__.py", {"shared"}),
        ("generated/acs_identity_rest/py.typed", {"shared"}),
        ("generated/README.md", {"shared"}),
    ],
)
def test_one_more_byte_is_noticed(generate: ModuleType, tree: Path, name: str, parts: set[str]) -> None:
    (tree / name).write_bytes((tree / name).read_bytes() + b"\n")

    assert differing(generate, tree) == parts


def test_a_stray_module_and_a_stray_version_are_noticed(generate: ModuleType, tree: Path) -> None:
    package = tree / "generated" / "acs_identity_rest"
    (package / "v2026_09_24").mkdir()
    (package / "v2026_09_24" / "__init__.py").touch()

    assert differing(generate, tree) == {"shared"}


def test_what_python_caches_is_not_noticed(generate: ModuleType, tree: Path) -> None:
    for folder in ("generated", "generated/acs_identity_rest", "generated/acs_identity_rest/v2026_09_23"):
        (tree / folder / "__pycache__").mkdir()
        (tree / folder / "__pycache__" / "module.cpython-311.pyc").touch()

    assert differing(generate, tree) == set()


def test_a_directive_concerns_the_versions_it_is_for_and_the_prose_of_the_configuration_none(
    generate: ModuleType, tree: Path
) -> None:
    file = tree / "autorest.md"
    file.write_text(file.read_text() + "\nMore words.\n")
    assert differing(generate, tree) == set()

    file.write_text(file.read_text().replace("to: TeamsExtension_DeleteAssignment", "to: TeamsExtension_Remove", 1))
    assert differing(generate, tree) == {"2025-03-02-preview inputs", "2025-06-30 inputs"}


def test_an_added_a_removed_and_a_renamed_file_are_noticed(generate: ModuleType, tree: Path) -> None:
    package = tree / "generated" / "acs_identity_rest"
    before = generate.digest(package, package)

    (package / "extra.py").touch()
    added = generate.digest(package, package)
    (package / "extra.py").rename(package / "extra2.py")
    renamed = generate.digest(package, package)
    (package / "extra2.py").unlink()
    assert generate.digest(package, package) == before
    (package / "py.typed").unlink()
    removed = generate.digest(package, package)

    assert len({before, added, renamed, removed}) == 4


def test_another_version_of_the_generator_is_noticed(generate: ModuleType, tree: Path) -> None:
    lock = json.loads((tree / "package-lock.json").read_text())
    lock["packages"]["node_modules/@autorest/python"]["version"] = "6.50.4"
    (tree / "package-lock.json").write_text(json.dumps(lock))

    assert differing(generate, tree) == {"generator"} | ALL_INPUTS


def test_every_generated_module_says_what_made_it(root: Path) -> None:
    package = root / "generated" / "acs_identity_rest"
    modules = [file for file in package.rglob("*.py") if "__pycache__" not in file.parts]
    headed = [
        file
        for file in modules
        if 'Made by "make generate" from swagger/ and autorest.md. Do not edit.'
        in "\n".join(file.read_text().splitlines()[:4])
    ]

    assert [file for file in modules if file not in headed] == []
    assert len(modules) > 20


def test_every_version_in_the_configuration_has_its_contract_and_its_package(generate: ModuleType, root: Path) -> None:
    versions = generate.read_versions(root)
    tags = [version.tag for version in versions]
    package = root / "generated" / "acs_identity_rest"

    assert [version.name for version in versions] == VERSIONS
    assert sorted(tags) == sorted(folder.name for folder in package.glob("v*"))
    for tag in tags:
        for module in ("_client.py", "aio/_client.py", "operations/_operations.py", "models/_models.py", "py.typed"):
            assert (package / tag / module).is_file()


def test_the_published_contract_is_the_one_the_code_was_made_from(generate: ModuleType, root: Path) -> None:
    published = root / "generated" / "acs_identity_rest" / "contract"

    assert list(generate.compare(root / "swagger", published)) == []


def rename(old: str, new: str) -> Callable[[str], str]:
    def apply(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return apply


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        pytest.param(
            rename("  - reason: Operation groups carry the same names in every version.\n    rename", "  - rename"),
            "v2020_07_20_preview2: a directive without a reason",
            id="no reason",
        ),
        pytest.param(
            rename("from: CommunicationIdentity_IssueToken", "from: CommunicationIdentity_Issue"),
            "v2020_07_20_preview2: the contract has no operation CommunicationIdentity_Issue",
            id="renames an operation that is not there",
        ),
        pytest.param(
            rename("$(tag) >= 'v2021_10_31_preview' &&", "$(tag) >= 'v2021_03_07' &&"),
            "v2021_03_07: the contract has no operation CommunicationIdentity_ExchangeTeamsUserAccessToken",
            id="matches in some of its versions, not in all",
        ),
        pytest.param(
            rename("where: $.securityDefinitions", "where: $.securitySchemes"),
            r"v2020_07_20_preview2: nothing in the contract is at \$.securitySchemes",
            id="transforms what is not there",
        ),
        pytest.param(
            rename("$.paths['/access/entra/assignments'].patch", "$.paths['/access/entra/assignments'].post"),
            r"v2025_03_02_preview: nothing in the contract is at \$.paths",
            id="transforms what is not at a path",
        ),
        pytest.param(
            rename("where: $.security\n", "where: $..security\n"),
            "v2020_07_20_preview2: tools/generate.py cannot tell whether a directive of this kind matches",
            id="a place nobody can look up",
        ),
        pytest.param(
            rename("rename-operation:\n      from: CommunicationIdentity_Delete", "remove-operation:\n      from: X"),
            "v2020_07_20_preview2: tools/generate.py cannot tell whether a directive of this kind matches",
            id="a kind nobody checks",
        ),
        pytest.param(
            rename("$(tag) >= 'v2021_03_07' &&", "$(tag) >= 'v2027_01_01' &&"),
            "applies to no version in swagger/",
            id="a block for no version",
        ),
        pytest.param(
            rename("$(tag) == 'v2022_06_01'", "$(tag) != 'v2022_06_01'"),
            "cannot read .* teach it first",
            id="a condition nobody can read",
        ),
        pytest.param(
            rename("input-file: swagger/2022-06-01/", "input-file: swagger/2022-10-01/"),
            "no section for the tag v2022_06_01 says input-file: swagger/2022-06-01/CommunicationIdentity.json",
            id="a contract without a section",
        ),
    ],
)
def test_a_configuration_that_does_not_fit_the_contracts_stops_the_generation(
    generate: ModuleType, tree: Path, edit: Callable[[str], str], message: str
) -> None:
    file = tree / "autorest.md"
    file.write_text(edit(file.read_text()))

    with pytest.raises(generate.GenerationError, match=message):
        generate.read_versions(tree)


def test_a_contract_that_is_wrong_stops_the_generation_before_the_generator_runs(
    generate: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_node(tree, monkeypatch, "touch ran")
    pretend_generator(tree)
    contract = tree / "swagger" / "2022-06-01" / "CommunicationIdentity.json"
    contract.write_text(contract.read_text().replace('"paths": {', '"paths": {,', 1))

    with pytest.raises(
        generate.GenerationError, match=r"swagger/2022-06-01/CommunicationIdentity.json#: is not JSON"
    ) as caught:
        generate.run(tree, check=False)

    assert "line 61 column 13" in str(caught.value)
    assert not (tree / "ran").exists()


def test_an_unknown_version_is_refused_with_a_list_of_the_known_ones(
    generate: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tree)

    assert generate.main(["--version", "2026-09-24"]) == 2
    assert f"there is no API version 2026-09-24. There are: {', '.join(VERSIONS)}" in capsys.readouterr().err


def test_without_the_generator_the_message_says_how_to_install_it(
    generate: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_node(tree, monkeypatch)

    with pytest.raises(generate.GenerationError, match="Run: npm ci"):
        generate.run(tree, check=True)


def test_without_node_the_message_says_what_is_missing(
    generate: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tree))
    monkeypatch.setattr(generate, "ROOT", tree)

    assert generate.main(["--check"]) == 2
    assert "Node is not on the PATH. Install Node 20 or later" in capsys.readouterr().err


def pretend_node(tree: Path, monkeypatch: pytest.MonkeyPatch, script: str = "exit 1") -> None:
    node = tree / "bin" / "node"
    node.parent.mkdir()
    node.write_text(f"#!/bin/sh\n{script}\n")
    node.chmod(node.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(node.parent), prepend=":")


def pretend_generator(tree: Path) -> None:
    entry = tree / "node_modules" / "autorest" / "entrypoints" / "app.js"
    entry.parent.mkdir(parents=True)
    entry.touch()


def test_a_complaint_of_the_generator_stops_the_generation_and_leaves_generated_alone(
    generate: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_node(tree, monkeypatch, "echo 'information | fine'; echo 'warning   | Modeler/Odd | an odd thing'")
    pretend_generator(tree)
    before = generate.digest(tree, tree / "generated")

    with pytest.raises(generate.GenerationError, match=r"an odd thing") as caught:
        generate.run(tree, check=False)

    assert "fine" not in str(caught.value)
    assert generate.digest(tree, tree / "generated") == before


def test_a_generator_that_writes_nothing_is_not_taken_for_success(
    generate: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_node(tree, monkeypatch, "exit 0")
    pretend_generator(tree)

    with pytest.raises(generate.GenerationError, match="wrote no client for the tag v2020_07_20_preview2"):
        generate.run(tree, check=False)


def skip(root: Path, package: Path) -> None:
    """Stand in for a step that changes nothing the test looks at."""


@pytest.fixture
def short_cut(generate: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree whose generator writes for a version what is there already, and a line that tells it has run."""

    def run_autorest(root: Path, output: Path, versions: list[Any]) -> None:
        for version in versions:
            package = output / "acs_identity_rest" / version.tag
            shutil.copytree(root / "generated" / "acs_identity_rest" / version.tag, package)
            with (package / "_client.py").open("a") as file:
                file.write("# new\n")

    monkeypatch.setattr(generate, "run_autorest", run_autorest)
    monkeypatch.setattr(generate, "format_code", skip)
    generate.run(tree, check=False)
    return tree


def clients(tree: Path) -> dict[str, int]:
    """How often each version was generated."""
    found = (tree / "generated" / "acs_identity_rest").glob("v*/_client.py")
    return {file.parent.name: file.read_text().count("# new\n") for file in found}


def test_one_version_is_generated_and_the_others_keep_their_bytes(generate: ModuleType, short_cut: Path) -> None:
    generate.run(short_cut, check=False, only="2022-06-01")

    assert {tag for tag, times in clients(short_cut).items() if times == 2} == {"v2022_06_01"}
    assert {tag for tag, times in clients(short_cut).items() if times == 1} == {
        "v" + version.replace("-", "_") for version in VERSIONS if version != "2022-06-01"
    }
    assert generate.stamp(short_cut, short_cut / "generated") == recorded(short_cut)


def test_the_stamp_still_says_that_a_version_which_was_kept_is_behind_its_contract(
    generate: ModuleType, short_cut: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in ("2021-03-07", "2022-06-01"):
        example = short_cut / "swagger" / version / "examples" / "Delete.json"
        example.write_text(example.read_text() + "\n")

    generate.run(short_cut, check=False, only="2022-06-01")

    assert differing(generate, short_cut) == {"2021-03-07 inputs"}
    assert "kept, but not what its inputs give: 2021-03-07. Run: make generate" in capsys.readouterr().out


def test_the_stamp_still_says_that_a_version_which_was_kept_was_edited_by_hand(
    generate: ModuleType, short_cut: Path
) -> None:
    with (short_cut / "generated" / "acs_identity_rest" / "v2021_03_07" / "_client.py").open("a") as file:
        file.write("# by hand\n")

    generate.run(short_cut, check=False, only="2022-06-01")

    assert differing(generate, short_cut) == {"2021-03-07 output"}


def test_a_version_that_was_never_generated_cannot_be_kept(generate: ModuleType, short_cut: Path) -> None:
    shutil.rmtree(short_cut / "generated" / "acs_identity_rest" / "v2021_03_07")

    with pytest.raises(generate.GenerationError, match=r"nothing to keep for 2021-03-07\. Run: make generate"):
        generate.run(short_cut, check=False, only="2022-06-01")


def test_the_work_is_shared_out_evenly_and_every_version_has_its_place(generate: ModuleType, root: Path) -> None:
    versions = generate.read_versions(root)

    one, two = generate.share_out(versions, 2)

    assert sorted(version.name for version in one + two) == VERSIONS
    assert abs(len(one) - len(two)) <= 1
    assert len(generate.share_out(versions[:1], 2)) == 1


@pytest.fixture
def rebuilt(generate: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree whose next generation gives other code than is there."""

    def build(root: Path, output: Path, only: str | None) -> None:
        shutil.copytree(root / "generated", output)
        (output / "README.md").write_text("changed\n")

    monkeypatch.setattr(generate, "build", build)
    return tree


def test_check_shows_what_would_change_and_changes_nothing(
    generate: ModuleType, rebuilt: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = generate.digest(rebuilt, rebuilt / "generated")

    assert generate.run(rebuilt, check=True) == 1

    shown = capsys.readouterr()
    assert "--- generated/README.md (as it is)" in shown.out
    assert "+changed" in shown.out
    assert "Run: make generate" in shown.err
    assert generate.digest(rebuilt, rebuilt / "generated") == before


def test_generate_puts_the_new_folder_in_place_and_is_content_the_next_time(
    generate: ModuleType, rebuilt: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate.run(rebuilt, check=False) == 0
    assert (rebuilt / "generated" / "README.md").read_text() == "changed\n"
    assert "generated/ is rewritten" in capsys.readouterr().out

    assert generate.run(rebuilt, check=True) == 0
    assert "generated/ is up to date" in capsys.readouterr().out
    assert sorted(path.name for path in rebuilt.glob(".generated-*")) == []


def test_the_difference_shows_changed_missing_and_extra_files(generate: ModuleType, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, files in (
        (old, {"a": "1\n", "b": "2\n", "same": "0\n"}),
        (new, {"a": "3\n", "c": "4\n", "same": "0\n"}),
    ):
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)

    assert "".join(generate.compare(old, new)).splitlines() == [
        "--- generated/a (as it is)",
        "+++ generated/a (as it should be)",
        "@@ -1 +1 @@",
        "-1",
        "+3",
        "generated/b is not wanted",
        "--- generated/b (as it is)",
        "+++ generated/b (as it should be)",
        "@@ -1 +0,0 @@",
        "-2",
        "generated/c is missing",
        "--- generated/c (as it is)",
        "+++ generated/c (as it should be)",
        "@@ -0,0 +1 @@",
        "+4",
    ]


def test_an_empty_file_that_is_missing_is_a_difference(generate: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "py.typed").touch()

    assert list(generate.compare(tmp_path / "old", tmp_path / "new")) == ["generated/py.typed is missing\n"]
