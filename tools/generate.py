"""Rewrite generated/ from swagger/ and autorest.md, or prove with --check that it needs no rewriting.

Needs Node 20 or later and the packages that `npm ci` installs. No network is touched.
"""

import argparse
import difflib
import filecmp
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "acs_identity_rest"
HEADER = '# Made by "make generate" from swagger/ and autorest.md. Do not edit.\n'
GENERATOR_PACKAGES = ("autorest", "@autorest/core", "@autorest/modelerfour", "@autorest/python")

SERIALIZATION = (
    HEADER
    + """
from msrest.serialization import Deserializer, Model, Serializer

__all__ = ["Deserializer", "Model", "Serializer"]
"""
)

PATCH = (
    HEADER
    + '''"""The place where the generator expects code written by hand. Here that code lives in customizations/."""

__all__: list[str] = []


def patch_sdk() -> None:
    """Do nothing; the generated packages call it when they are imported."""
'''
)

PACKAGE_INIT = (
    HEADER
    + '''"""The raw operations of the Azure Communication Services identity REST API, one package per API version.

A version is imported by itself: ``from acs_identity_rest.v{newest} import CommunicationIdentityRestClient``.
"""

API_VERSIONS = (
{versions}
)
"""The API versions there is a package for, oldest first."""

__all__ = ["API_VERSIONS"]
'''
)

README = """# generated/

Nothing in this folder was typed by a person, this file included.

`make generate` rewrites all of it from `swagger/` and `autorest.md`; `make check-generated` proves that it needs no
rewriting. To change something here, change the contract, a directive in `autorest.md` or `tools/generate.py`, and
generate again.

- `acs_identity_rest/v.../`: the raw operations, one package per API version
- `acs_identity_rest/contract/`: a copy of `swagger/`: the installed package carries the contract it was made from
- `stamp.json`: hashes of what went in and of what came out; a test compares them without Node
"""


class GenerationError(Exception):
    """The generation cannot go on; the text says why and what to do."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; show what would change and exit with 1")
    check = parser.parse_args(arguments).check
    try:
        return run(ROOT, check)
    except GenerationError as error:
        print(f"generate: {error}", file=sys.stderr)
        return 2


def run(root: Path, check: bool) -> int:
    target = root / "generated"
    # Beside the target, so that putting the new folder in place is a rename and never half done.
    with tempfile.TemporaryDirectory(prefix=".generated-", dir=root) as scratch:
        fresh = Path(scratch) / "generated"
        build(root, fresh)
        differences = list(compare(target, fresh))
        if not differences:
            print("generated/ is up to date")
            return 0
        if check:
            sys.stdout.writelines(differences)
            print("\ngenerated/ is not what swagger/ and autorest.md give. Run: make generate", file=sys.stderr)
            return 1
        if target.exists():
            target.rename(Path(scratch) / "old")
        fresh.rename(target)
        print("generated/ is rewritten")
        return 0


def build(root: Path, output: Path) -> None:
    """Write the whole of generated/ to the folder `output`."""
    tags = check_directives(root)
    package = output / PACKAGE
    run_autorest(root, package)
    for tag in tags:
        made = package / tag
        if not (made / "_client.py").exists():
            raise GenerationError(f"AutoRest ended without an error but wrote no client for the tag {tag}")
        (made / "_utils" / "serialization.py").write_text(SERIALIZATION)
        for place in made.rglob("_patch.py"):
            place.write_text(PATCH)
    # Written beside the packages by the generator for a review tool of its own.
    for stray in output.rglob("apiview-properties.json"):
        stray.unlink()
    versions = "\n".join(f'    "{tag[1:].replace("_", "-")}",' for tag in tags)
    (package / "__init__.py").write_text(PACKAGE_INIT.format(versions=versions, newest=tags[-1][1:]))
    (package / "py.typed").write_text("")
    shutil.copytree(root / "swagger", package / "contract")
    (output / "README.md").write_text(README)
    (output / "stamp.json").write_text(json.dumps(stamp(root, output), indent=2) + "\n")


def run_autorest(root: Path, output: Path) -> None:
    modules = root / "node_modules"
    entry = modules / "autorest" / "entrypoints" / "app.js"
    node = shutil.which("node")
    if node is None:
        raise GenerationError("Node is not on the PATH. Install Node 20 or later; only the generation needs it.")
    if not entry.exists():
        raise GenerationError("the generator is not installed. Run: npm ci")
    environment = {
        # The Python extension talks over stdout, and unbuffered output breaks its framing.
        **{name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        "AUTOREST_PYTHON_EXE": sys.executable,
    }
    print("running AutoRest, about 10 seconds a version ...", flush=True)
    process = subprocess.run(
        [
            node,
            str(entry),
            "autorest.md",
            f"--output-root={output}",
            f"--version:{modules / '@autorest' / 'core'}",
            f"--use:{modules / '@autorest' / 'python'}",
            f"--use:{modules / '@autorest' / 'modelerfour'}",
        ],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    complaints = [line for line in process.stdout.splitlines() if line.startswith(("warning", "error", "fatal"))]
    if process.returncode != 0 or complaints:
        raise GenerationError("AutoRest complained:\n" + ("\n".join(complaints) or process.stdout))


def check_directives(root: Path) -> list[str]:
    """Return the tags in their order, after checking that every directive has a reason and something to change."""
    settings, per_tag = read_configuration(root / "autorest.md")
    tags = [entry["tag"] for entry in settings["batch"]]
    if sorted(tags) != sorted(per_tag):
        raise GenerationError(f"autorest.md: the batch lists {sorted(tags)}, the sections define {sorted(per_tag)}")
    for tag in tags:
        contract = json.loads((root / per_tag[tag]["input-file"]).read_text())
        for directive in per_tag[tag].get("directive", []):
            problem = directive_problem(directive, contract)
            if problem:
                raise GenerationError(f"autorest.md, {tag}: {problem}: {json.dumps(directive)}")
    return tags


def read_configuration(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the shared settings and, by tag, the settings of one version."""
    shared: dict[str, Any] = {}
    per_tag: dict[str, dict[str, Any]] = {}
    for condition, block in re.findall(r"^```yaml(.*?)\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL):
        tag = re.search(r"\$\(tag\) == '(\w+)'", condition)
        (per_tag.setdefault(tag.group(1), {}) if tag else shared).update(yaml.safe_load(block))
    return shared, per_tag


def directive_problem(directive: dict[str, Any], contract: dict[str, Any]) -> str | None:
    if not directive.get("reason"):
        return "a directive without a reason"
    if "rename-operation" in directive:
        source = directive["rename-operation"]["from"]
        ids = {operation["operationId"] for path in contract["paths"].values() for operation in path.values()}
        return None if source in ids else f"the contract has no operation {source}"
    if "where" in directive:
        node: Any = contract
        for name in directive["where"].split(".")[1:]:
            if name not in node:
                return f"nothing in the contract is at {directive['where']}"
            node = node[name]
        return None
    return "tools/generate.py cannot tell whether a directive of this kind matches; teach it first"


def stamp(root: Path, output: Path) -> dict[str, Any]:
    """Return what ties the folder `output` to its inputs: hashes (SHA-256) and the generator's versions."""
    lock = json.loads((root / "package-lock.json").read_text())["packages"]
    return {
        "generator": {name: lock[f"node_modules/{name}"]["version"] for name in GENERATOR_PACKAGES},
        "inputs": {name: digest(root, root / name) for name in ("autorest.md", "swagger", "tools/generate.py")},
        "output": digest(output, output / PACKAGE),
    }


def digest(root: Path, path: Path) -> str:
    """Return one SHA-256 over the names and the contents of a file or of all files below a folder."""
    files = sorted(file for file in path.rglob("*") if is_source(file)) if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in files:
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        total.update(f"{file.relative_to(root).as_posix()} {content}\n".encode())
    return total.hexdigest()


def is_source(file: Path) -> bool:
    return file.is_file() and "__pycache__" not in file.parts


def compare(old: Path, new: Path) -> Iterator[str]:
    """Yield a unified diff, line by line, of every file that differs."""
    names = sorted({file.relative_to(folder) for folder in (old, new) for file in folder.rglob("*") if is_source(file)})
    for name in names:
        before, after = old / name, new / name
        if before.exists() and after.exists() and filecmp.cmp(before, after, shallow=False):
            continue
        if not (before.exists() and after.exists()):
            yield f"generated/{name.as_posix()} is {'not wanted' if before.exists() else 'missing'}\n"
        yield from difflib.unified_diff(
            before.read_text().splitlines(keepends=True) if before.exists() else [],
            after.read_text().splitlines(keepends=True) if after.exists() else [],
            f"generated/{name.as_posix()} (as it is)",
            f"generated/{name.as_posix()} (as it should be)",
        )


if __name__ == "__main__":
    sys.exit(main())
