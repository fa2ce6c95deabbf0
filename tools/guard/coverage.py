"""Which operations have an example, a cassette, a handler of the emulator and a friendly method."""

import ast
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from tools.contract_check import METHODS

from .contracts import Contract, route

UNREACHED = "tools/guard/unreached.toml"


class Recorded(NamedTuple):
    """A request in a cassette that succeeded."""

    version: str
    method: str
    path: str


def recorded(cassettes: Path) -> set[Recorded]:
    """Read every request that succeeded from the cassettes below a folder."""
    # The same result as SafeLoader, ten times as fast, where libyaml is there.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: set[Recorded] = set()
    for file in sorted(cassettes.rglob("*.yaml")):
        for interaction in yaml.load(file.read_text(encoding="utf-8"), loader)["interactions"]:  # noqa: S506 - is safe
            parts = urlsplit(str(interaction["request"]["uri"]))
            if interaction["response"]["status"]["code"] < 300:
                for version in parse_qs(parts.query).get("api-version", []):
                    found.add(Recorded(version, interaction["request"]["method"], parts.path))
    return found


def unrecorded(version: str, operations: Iterable[tuple[str, str]], seen: Iterable[Recorded]) -> list[tuple[str, str]]:
    """Return the operations of a version, as method and path template, that no recorded request is of."""
    paths = [(request.method, request.path) for request in seen if request.version == version]
    return [
        (method, template)
        for method, template in operations
        if not any(method == used and fits(template, path) for used, path in paths)
    ]


def fits(template: str, path: str) -> bool:
    """Return whether a percent-encoded path is one of a template.

    >>> fits("/identities/{id}", "/identities/8%3Aacs%3A1_2")
    True
    >>> fits("/identities/{id}", "/identities/")
    False
    """
    expected, given = template.split("/"), [unquote(part) for part in path.split("/")]
    return len(expected) == len(given) and all(
        bool(segment) if part.startswith("{") else part == segment
        for part, segment in zip(expected, given, strict=True)
    )


def without_example(contract: Path) -> list[str]:
    """Return method and path of the operations that refer to no example."""
    paths = json.loads(contract.read_text(encoding="utf-8"))["paths"]
    return [
        f"{method.upper()} {path}"
        for path, item in paths.items()
        for method in METHODS
        if method in item and not item[method].get("x-ms-examples")
    ]


class NoHandlersError(Exception):
    """The emulator does not say which operations it handles."""


def handlers(root: Path) -> set[tuple[str, str]]:
    """Ask the emulator of the checkout, in a process of its own, which operations it handles.

    Raises:
        NoHandlersError: It cannot be imported or has no such list.
    """
    program = (
        "import json; from acs_identity_emulator.operations import HANDLERS; print(json.dumps([*map(list, HANDLERS)]))"
    )
    roots = os.pathsep.join(str(root / name) for name in ("emulator", "generated", "customizations"))
    process = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": roots},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        raise NoHandlersError((process.stderr.strip().splitlines() or ["no message"])[-1])
    return {(method, path) for method, path in json.loads(process.stdout)}


def unhandled(contract: Contract, known: set[tuple[str, str]]) -> list[str]:
    """Return method and path of the operations that no handler serves."""
    return [operation.name for operation in contract.values() if route(*operation.name.split(" ", 1)) not in known]


def default_version(versions_module: Path) -> str:
    """Read the default API version from the source of the client.

    Raises:
        LookupError: It is not there.
    """
    for node in ast.parse(versions_module.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = any(isinstance(target, ast.Name) and target.id == "DEFAULT_API_VERSION" for target in targets)
            if named and isinstance(node.value, ast.Constant):
                return str(node.value.value)
    raise LookupError(f"{versions_module.name} sets no DEFAULT_API_VERSION to a text")


def raw_operations(package: Path, version: str) -> set[str]:
    """Read the operations that an API version has, as "group.method", from the table of the generated package.

    Raises:
        LookupError: There is no such table.
    """
    for node in parse(package / "__init__.py").body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "OPERATIONS":
            [table] = node.value.args if isinstance(node.value, ast.Call) else [node.value]
            operations: dict[str, tuple[str, ...]] = ast.literal_eval(table) if table else {}
            return {name for name, versions in operations.items() if version in versions}
    raise LookupError(f"{package.name} has no table OPERATIONS")


def reached(sources: Path) -> set[str]:
    """Read which raw operations the friendly methods below a folder use: every `self.raw.group.method`."""
    return {name for file in sorted(sources.rglob("*.py")) for name in raw_uses(parse(file))}


def raw_uses(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Attribute(value=ast.Attribute(attr="raw" | "_raw"), attr=group), attr=method):
                yield f"{group}.{method}"
            case _:
                pass


def parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def read_unreached(file: Path) -> dict[str, str]:
    """Read which operations no friendly method is meant to reach, and why."""
    return {name: str(reason) for name, reason in tomllib.loads(file.read_text(encoding="utf-8")).items()}


def unreached_findings(operations: set[str], used: set[str], excused: Mapping[str, str]) -> Iterator[str]:
    """Compare the operations of the default version with what the friendly methods use and what is listed."""
    for name in sorted(operations - used - set(excused)):
        yield f"no friendly method reaches {name}: write one, or list it with a reason in {UNREACHED}"
    for name, reason in sorted(excused.items()):
        if name not in operations:
            yield f"{UNREACHED} lists {name}, which the default version does not have: remove the line"
        elif name in used:
            yield f"{UNREACHED} lists {name}, which a friendly method reaches by now: remove the line"
        elif not reason.strip():
            yield f"{UNREACHED} gives no reason for {name}: write one"
