import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def tree(root: Path, tmp_path: Path) -> Path:
    """A copy of what generated/ is made from, and of generated/."""
    for name in ("swagger", "generated"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tools").mkdir()
    for name in ("autorest.md", "package-lock.json", "tools/generate.py"):
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


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("swagger/2026-09-23/CommunicationIdentity.json", "inputs"),
        ("swagger/2023-10-01/examples/Create.json", "inputs"),
        ("swagger/common.json", "inputs"),
        ("autorest.md", "inputs"),
        ("tools/generate.py", "inputs"),
        ("generated/acs_identity_rest/v2026_09_23/_client.py", "output"),
        ("generated/acs_identity_rest/contract/common.json", "output"),
        ("generated/acs_identity_rest/py.typed", "output"),
    ],
)
def test_one_more_byte_is_noticed(generate: ModuleType, tree: Path, name: str, part: str) -> None:
    (tree / name).write_bytes((tree / name).read_bytes() + b"\n")

    now, then = generate.stamp(tree, tree / "generated"), recorded(tree)

    assert [key for key in then if now[key] != then[key]] == [part]


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

    assert generate.stamp(tree, tree / "generated")["generator"] != recorded(tree)["generator"]


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
    tags = generate.check_directives(root)
    package = root / "generated" / "acs_identity_rest"

    assert [tag[1:].replace("_", "-") for tag in tags] == sorted(
        folder.name for folder in (root / "swagger").iterdir() if folder.is_dir()
    )
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
            "v2023_10_01: a directive without a reason",
            id="no reason",
        ),
        pytest.param(
            rename("from: CommunicationIdentity_Delete", "from: CommunicationIdentity_Remove"),
            "v2023_10_01: the contract has no operation CommunicationIdentity_Remove",
            id="renames an operation that is not there",
        ),
        pytest.param(
            rename("where: $.securityDefinitions", "where: $.securitySchemes"),
            r"v2023_10_01: nothing in the contract is at \$.securitySchemes",
            id="transforms what is not there",
        ),
        pytest.param(
            rename("rename-operation:\n      from: CommunicationIdentity_Delete", "remove-operation:\n      from: X"),
            "v2023_10_01: tools/generate.py cannot tell whether a directive of this kind matches",
            id="a kind nobody checks",
        ),
        pytest.param(
            rename("  - tag: v2026_09_23\n", ""),
            r"the batch lists \['v2023_10_01'\], the sections define",
            id="a section the batch leaves out",
        ),
    ],
)
def test_a_directive_that_does_nothing_stops_the_generation(
    generate: ModuleType, tree: Path, edit: Callable[[str], str], message: str
) -> None:
    file = tree / "autorest.md"
    file.write_text(edit(file.read_text()))

    with pytest.raises(generate.GenerationError, match=message):
        generate.check_directives(tree)


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

    with pytest.raises(generate.GenerationError, match="wrote no client for the tag v2023_10_01"):
        generate.run(tree, check=False)


@pytest.fixture
def rebuilt(generate: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree whose next generation gives other code than is there."""

    def build(root: Path, output: Path) -> None:
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
