"""Rewrite generated/ from swagger/ and autorest.md, or prove with --check that it needs no rewriting.

Needs Node 20 or later and the packages that `npm ci` installs. No network is touched.
"""

import argparse
import difflib
import filecmp
import hashlib
import json
import operator
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from string import Template
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "acs_identity_rest"
GENERATOR_PACKAGES = ("autorest", "@autorest/core", "@autorest/modelerfour", "@autorest/python")
# What `npm ci` set up for the Python extension, from its folder: the extension fails at a space in an absolute path.
GENERATOR_PYTHON = "venv/Scripts/python.exe" if os.name == "nt" else "venv/bin/python"
UNSTAMPED = ("stamp.json", "__pycache__")
COMPARISONS = {"==": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class GenerationError(Exception):
    """The generation cannot go on; the text says why and what to do."""


@dataclass(frozen=True)
class Version:
    """An API version, the settings that autorest.md has for it, and its contract."""

    name: str
    settings: dict[str, Any]
    contract: dict[str, Any]

    @property
    def tag(self) -> str:
        return tag_of(self.name)


def tag_of(version: str) -> str:
    return "v" + version.replace("-", "_")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; show what would change and exit with 1")
    parser.add_argument("--version", metavar="API_VERSION", help="make only this one, for example 2026-09-23")
    parsed = parser.parse_args(arguments)
    try:
        return run(ROOT, parsed.check, parsed.version)
    except GenerationError as error:
        print(f"generate: {error}", file=sys.stderr)
        return 2


def run(root: Path, check: bool, only: str | None = None) -> int:
    target = root / "generated"
    # Beside the target, so that putting the new folder in place is a rename and never half done.
    with tempfile.TemporaryDirectory(prefix=".generated-", dir=root) as scratch:
        fresh = Path(scratch) / "generated"
        build(root, fresh, only)
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


def build(root: Path, output: Path, only: str | None = None) -> None:
    """Write the whole of generated/ to the folder `output`: every version anew, or one and the others as they are."""
    check_contracts(root)
    versions = read_versions(root)
    names = [version.name for version in versions]
    if only is not None and only not in names:
        raise GenerationError(f"there is no API version {only}. There are: {', '.join(names)}")
    made = [version for version in versions if only in (None, version.name)]
    kept = [version for version in versions if version not in made]
    package = output / PACKAGE
    run_autorest(root, output, made)
    for version in made:
        folder = package / version.tag
        if not (folder / "_client.py").exists():
            raise GenerationError(f"AutoRest ended without an error but wrote no client for the tag {version.tag}")
        (folder / "_utils" / "serialization.py").write_text(template(root, "serialization.py"))
        for place in folder.rglob("_patch.py"):
            place.write_text(template(root, "_patch.py"))
        for place in folder.rglob("*.py"):
            place.write_text(with_types(place.read_text()))
    # Written beside the packages by the generator for a review tool of its own.
    for stray in output.rglob("apiview-properties.json"):
        stray.unlink()
    (package / "__init__.py").write_text(package_init(root, versions))
    (package / "_serialization.py").write_text(template(root, "_serialization.py"))
    (package / "py.typed").write_text("")
    (output / "README.md").write_text(template(root, "README.md"))
    print("formatting the code ...", flush=True)
    format_code(root, package)
    shutil.copytree(root / "swagger", package / "contract")
    for version in kept:
        keep(root / "generated" / PACKAGE, package, version)
    (output / "stamp.json").write_text(json.dumps(new_stamp(root, output, kept), indent=2) + "\n")


def keep(old: Path, new: Path, version: Version) -> None:
    """Take over a version, and the contract it was made from, as they are."""
    for name in (version.tag, f"contract/{version.name}"):
        if not (old / name).is_dir():
            raise GenerationError(f"generated/ has nothing to keep for {version.name}. Run: make generate")
        shutil.rmtree(new / name, ignore_errors=True)
        shutil.copytree(old / name, new / name, ignore=shutil.ignore_patterns("__pycache__"))


def new_stamp(root: Path, output: Path, kept: list[Version]) -> dict[str, Any]:
    """Return the stamp of the folder `output`; the versions that were kept also keep what it said of them."""
    stamped = stamp(root, output)
    if kept:
        # Today's hashes would hide that a version is behind its inputs or was edited by hand.
        before = json.loads((root / "generated" / "stamp.json").read_text())["versions"]
        behind = [version.name for version in kept if before[version.name] != stamped["versions"][version.name]]
        stamped["versions"] |= {version.name: before[version.name] for version in kept}
        if behind:
            print(f"kept, but not what its inputs give: {', '.join(behind)}. Run: make generate")
    return stamped


def check_contracts(root: Path) -> None:
    """Stop at a contract that is wrong, before the generator makes something of it."""
    command = [sys.executable, str(root / "tools" / "contract_check.py")]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode != 0:
        raise GenerationError("the contracts are not in order:\n" + (process.stdout + process.stderr).rstrip())


def run_autorest(root: Path, output: Path, versions: list[Version]) -> None:
    """Make the versions, in as many processes as there are processors, and say when one is ready."""
    command = autorest_command(root)
    begin = time.monotonic()
    ready = count(1)

    def report(version: Version) -> None:
        print(f"{version.name} ({next(ready)} of {len(versions)}, {time.monotonic() - begin:.0f} s)", flush=True)

    print("running AutoRest, up to 10 seconds a version ...", flush=True)
    batches = share_out(versions, min(os.cpu_count() or 1, 4))
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(len(batches)) as pool:

        def run_batch(number: int) -> list[str]:
            # With `batch` AutoRest starts once for several tags, in less than half the time of starting for each.
            tags = "".join(f"  - tag: {version.tag}\n" for version in batches[number])
            configuration = Path(scratch) / f"{number}.md"
            required = json.dumps(str(root / "autorest.md"))
            configuration.write_text(f"```yaml\nrequire: {required}\nbatch:\n{tags}```\n")
            line = [*command, str(configuration), f"--output-root={output}"]
            return watch_autorest(root, line, batches[number], report)

        complaints = [line for lines in pool.map(run_batch, range(len(batches))) for line in lines]
    if complaints:
        raise GenerationError("AutoRest complained:\n" + "\n".join(complaints))


def share_out(versions: list[Version], shares: int) -> list[list[Version]]:
    """Return the versions in at most `shares` lists of about the same work."""
    batches: list[list[Version]] = [[] for _ in range(min(shares, len(versions)))]
    for version in sorted(versions, key=work, reverse=True):
        min(batches, key=lambda batch: sum(work(other) for other in batch)).append(version)
    return batches


def work(version: Version) -> int:
    # Measured: the time goes with the number of operations, and a version without any would still take some.
    return 5 + len(operations(version))


def autorest_command(root: Path) -> list[str]:
    modules = root / "node_modules"
    entry = modules / "autorest" / "entrypoints" / "app.js"
    node = shutil.which("node")
    if node is None:
        raise GenerationError("Node is not on the PATH. Install Node 20 or later; only the generation needs it.")
    if not entry.exists():
        raise GenerationError("the generator is not installed. Run: npm ci")
    return [
        node,
        str(entry),
        f"--version:{modules / '@autorest' / 'core'}",
        f"--use:{modules / '@autorest' / 'python'}",
        f"--use:{modules / '@autorest' / 'modelerfour'}",
        f"--package-version={distribution_version(root)}",
    ]


def watch_autorest(
    root: Path, command: list[str], batch: list[Version], report: Callable[[Version], None]
) -> list[str]:
    """Run AutoRest for a batch and return what it complained about."""
    environment = {
        # The Python extension talks over stdout, and unbuffered output breaks its framing.
        **{name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        # Any other interpreter looks for its own name in that environment, where it may not be.
        "AUTOREST_PYTHON_EXE": GENERATOR_PYTHON,
    }
    lines: list[str] = []
    started = 0
    with subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if "Processing batch task" in line:
                started += 1
                if started > 1:
                    report(batch[started - 2])
    complaints = [line for line in lines if line.startswith(("warning", "error", "fatal"))]
    if process.returncode == 0 and not complaints:
        report(batch[-1])
    return complaints or (lines if process.returncode != 0 else [])


def format_code(root: Path, package: Path) -> None:
    """Format the code as the generator would, with the formatter that came with it."""
    # --fast leaves out the proof that the code means the same, as the generator does; it takes most of the time.
    python = root / "node_modules" / "@autorest" / "python" / GENERATOR_PYTHON
    command = [str(python), "-m", "black", "--quiet", "--fast", "--line-length=120", str(package)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode != 0:
        raise GenerationError("the generated code could not be formatted:\n" + process.stderr.rstrip())


def with_types(text: str) -> str:
    """Return generated code with the types that the generator leaves out of public attributes and parameters."""
    text = text.replace(
        "def __init__(self, *args, **kwargs) -> None:", "def __init__(self, *args: Any, **kwargs: Any) -> None:"
    )
    return re.sub(r"^( +self\.\w+) = (\w+Operations)\(", r"\1: \2 = \2(", text, flags=re.MULTILINE)


def template(root: Path, name: str) -> str:
    """Return the text of a file that the tool, not AutoRest, writes."""
    return (root / "tools" / "templates" / f"{name}.txt").read_text()


def package_init(root: Path, versions: list[Version]) -> str:
    table: dict[str, list[str]] = {}
    for version in versions:
        for name in operations(version):
            table.setdefault(name, []).append(version.name)
    return Template(template(root, "__init__.py")).substitute(
        newest=versions[-1].tag,
        versions=tuple(version.name for version in versions),
        operations={name: tuple(table[name]) for name in sorted(table)},
    )


def operations(version: Version) -> list[str]:
    """Return the operations as the client has them: group and method, after the directives renamed them."""
    renames = [entry["rename-operation"] for entry in version.settings["directive"] if "rename-operation" in entry]
    renamed = {rename["from"]: rename["to"] for rename in renames}
    ids = [renamed.get(operation_id, operation_id) for operation_id in operation_ids(version.contract)]
    return [".".join(snake_case(part) for part in operation_id.split("_")) for operation_id in ids]


def operation_ids(contract: dict[str, Any]) -> list[str]:
    return [operation["operationId"] for path in contract["paths"].values() for operation in path.values()]


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def read_versions(root: Path) -> list[Version]:
    """Return the versions, oldest first, after checking that every directive has a reason and something to change."""
    blocks = read_blocks(root / "autorest.md")
    # The version of the distribution stands in one place; a release makes every package anew.
    blocks.append(("", {"package-version": distribution_version(root)}))
    names = sorted(folder.name for folder in (root / "swagger").iterdir() if folder.is_dir())
    for condition, _ in blocks:
        if not any(applies(condition, tag_of(name)) for name in names):
            raise GenerationError(f"autorest.md: the block for {condition} applies to no version in swagger/")
    versions: list[Version] = []
    for name in names:
        settings = settings_for(tag_of(name), blocks)
        contract = f"swagger/{name}/CommunicationIdentity.json"
        if settings.get("input-file") != contract:
            raise GenerationError(f"autorest.md: no section for the tag {tag_of(name)} says input-file: {contract}")
        versions.append(Version(name, settings, json.loads((root / contract).read_text())))
        for directive in settings["directive"]:
            problem = directive_problem(directive, versions[-1].contract)
            if problem:
                raise GenerationError(f"autorest.md, {tag_of(name)}: {problem}: {json.dumps(directive)}")
    return versions


def distribution_version(root: Path) -> str:
    text = (root / "customizations" / "acs_identity" / "_version.py").read_text()
    found = re.search(r'^VERSION = "(.+)"$', text, re.MULTILINE)
    if found is None:
        raise GenerationError("customizations/acs_identity/_version.py does not say: VERSION = ...")
    return found.group(1)


def read_blocks(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the blocks of the configuration, each with its condition."""
    found = re.findall(r"^```yaml(.*?)\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)
    return [(condition.strip(), yaml.safe_load(block)) for condition, block in found]


def settings_for(tag: str, blocks: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    settings: dict[str, Any] = {"directive": []}
    for condition, block in blocks:
        if applies(condition, tag):
            lists = {name: settings.get(name, []) + value for name, value in block.items() if isinstance(value, list)}
            settings |= block | lists
    return settings


def applies(condition: str, tag: str) -> bool:
    """Tell whether a block is for a tag, as AutoRest would."""
    for part in condition.split(" && ") if condition else []:
        term = re.fullmatch(r"\$\(tag\) (==|<=?|>=?) '(\w+)'", part)
        if term is None:
            raise GenerationError(
                f"autorest.md: tools/generate.py cannot read the condition {condition}; teach it first"
            )
        if not COMPARISONS[term.group(1)](tag, term.group(2)):
            return False
    return True


def directive_problem(directive: dict[str, Any], contract: dict[str, Any]) -> str | None:
    if not directive.get("reason"):
        return "a directive without a reason"
    if "rename-operation" in directive:
        source = directive["rename-operation"]["from"]
        return None if source in operation_ids(contract) else f"the contract has no operation {source}"
    step = r"\.([\w-]+)|\['([^']+)'\]"
    if re.fullmatch(rf"\$({step})+", directive.get("where", "")):
        node: Any = contract
        for plain, quoted in re.findall(step, directive["where"]):
            if (plain or quoted) not in node:
                return f"nothing in the contract is at {directive['where']}"
            node = node[plain or quoted]
        return None
    return "tools/generate.py cannot tell whether a directive of this kind matches; teach it first"


def stamp(root: Path, output: Path) -> dict[str, Any]:
    """Return what ties the folder `output` to its inputs: the generator's versions and, by API version, hashes."""
    lock = json.loads((root / "package-lock.json").read_text())["packages"]
    generator = {name: lock[f"node_modules/{name}"]["version"] for name in GENERATOR_PACKAGES}
    package = output / PACKAGE
    versions = read_versions(root)
    own = {package / "contract", *(package / version.tag for version in versions)}
    own |= {package / "contract" / version.name for version in versions}
    shared = {*output.iterdir(), *package.iterdir(), *(package / "contract").iterdir()} - own - {package}
    return {
        "generator": generator,
        "shared": hashed(*(digest(output, path) for path in sorted(shared) if path.name not in UNSTAMPED)),
        "versions": {
            version.name: {
                "inputs": hashed(
                    generator,
                    version.settings,
                    *(digest(root, root / "swagger" / name) for name in (version.name, "common.json")),
                    *(digest(root, root / "tools" / name) for name in ("generate.py", "templates")),
                ),
                "output": hashed(
                    *(digest(output, package / name) for name in (version.tag, f"contract/{version.name}"))
                ),
            }
            for version in versions
        },
    }


def hashed(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


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
