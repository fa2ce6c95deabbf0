"""A contract with every $ref replaced by what it leads to, so that two can be compared without a file at hand."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.contract_check import CONTRACT, METHODS, PROSE, is_object, pointer, read_json
from tools.contract_check import resolve as follow

AT = "$at"
"""The key under which a resolved schema says where it came from."""

RECURSIVE = "$recursive"
"""The key of a schema that is inside itself."""

Schema = dict[str, Any]


class UnreadableContractError(Exception):
    """A contract cannot be resolved; the lint says more."""


@dataclass(frozen=True)
class Operation:
    """One operation of a resolved contract.

    Attributes:
        name: Method and path, as the contract has them.
        id: The operationId.
        pointer: Where the operation is in the contract.
        consumes: The content types of the request.
        produces: The content types of the answers.
        parameters: The parameters, by what identifies each: its place in the path, or where it goes and its name.
        responses: The answers, by status code or "default".
    """

    name: str
    id: str
    pointer: str
    consumes: frozenset[str]
    produces: frozenset[str]
    parameters: Mapping[str, Schema]
    responses: Mapping[str, Schema]


Contract = dict[str, Operation]
"""The operations, by method and path with the names of the path parameters left out."""


def route(method: str, path: str) -> tuple[str, str]:
    """Return what an operation is whatever its path parameters are called.

    >>> route("get", "/identities/{id}")
    ('GET', '/identities/{}')
    """
    return method.upper(), re.sub(r"\{[^}]*\}", "{}", path)


def routes(swagger: Path, version: str) -> list[tuple[str, str]]:
    """Return method and path of every operation of a version, as its contract has them."""
    content = json.loads((swagger / version / CONTRACT).read_text(encoding="utf-8"))
    return [(method.upper(), path) for path, item in content["paths"].items() for method in METHODS if method in item]


def resolved(swagger: Path, version: str) -> Contract:
    """Read the contract of a version and what it refers to.

    Raises:
        UnreadableContractError: It is no JSON, or a reference leads nowhere.
    """
    # The same path can hold another text by now: a copy at another revision, an edit.
    read_json.cache_clear()
    file = swagger / version / CONTRACT
    try:
        content = read_json(file)
        found = [operation for path in content["paths"] for operation in operations(file, content, path)]
    except (LookupError, TypeError, AttributeError, OSError, ValueError) as error:
        raise UnreadableContractError(f"swagger/{version}/{CONTRACT}: {type(error).__name__}: {error}") from error
    return {" ".join(route(*operation.name.split(" ", 1))): operation for operation in found}


def operations(file: Path, content: Schema, path: str) -> Iterator[Operation]:
    item = content["paths"][path]
    for method in METHODS:
        if method not in item:
            continue
        body, where = item[method], pointer("paths", path, method)
        listed = [
            inline(file, parameter, f"{base}/parameters/{index}", frozenset())
            for base, owner in ((pointer("paths", path), item), (where, body))
            for index, parameter in enumerate(owner.get("parameters", []))
        ]
        yield Operation(
            name=f"{method.upper()} {path}",
            id=body["operationId"],
            pointer=where,
            consumes=frozenset(body.get("consumes", content.get("consumes", []))),
            produces=frozenset(body.get("produces", content.get("produces", []))),
            parameters={identity(path, parameter): parameter for parameter in listed},
            responses={
                code: inline(file, response, where + pointer("responses", code), frozenset())
                for code, response in body["responses"].items()
            },
        )


def identity(path: str, parameter: Schema) -> str:
    """Return what makes a parameter the same one in another version."""
    if parameter["in"] == "body":
        return "body"
    if parameter["in"] == "path":
        return f"path parameter {re.findall(r'{([^}]*)}', path).index(parameter['name']) + 1}"
    return f"{parameter['in']} {parameter['name']}"


def inline(file: Path, node: Schema, where: str, inside: frozenset[tuple[Path, str]]) -> Schema:
    """Return a schema, parameter or answer without references and prose."""
    if "$ref" in node:
        reference = str(node["$ref"])
        target, found = follow(file, reference)
        fragment = reference.partition("#")[2]
        other = f"{target.name}#" if target != file.resolve() else ""
        # Inside a shared file its own references lead to that file again.
        label = f"{where.partition('#')[0]}#" if "#" in where and not other else other
        if (target, fragment) in inside:
            return {RECURSIVE: fragment.rpartition("/")[2], AT: label + fragment}
        beside = {name: value for name, value in node.items() if name not in {"$ref", *PROSE}}
        return inline(target, found, label + fragment, inside | {(target, fragment)}) | beside
    result: Schema = {name: value for name, value in node.items() if name not in PROSE}
    for name in ("properties", "headers"):
        if name in result:
            result[name] = {
                key: inline(file, value, where + pointer(name, key), inside) for key, value in result[name].items()
            }
    for name in ("items", "additionalProperties", "schema"):
        if is_object(result.get(name)):
            result[name] = inline(file, result[name], where + pointer(name), inside)
    for index, part in enumerate(result.pop("allOf", [])):
        merged = inline(file, part, where + pointer("allOf", index), inside)
        result["properties"] = merged.get("properties", {}) | result.get("properties", {})
        result["required"] = [*merged.get("required", []), *result.get("required", [])]
    return result | {AT: where}
