"""Check swagger/ without Node: valid OpenAPI, examples that keep to it, and nothing but the facts about the service.

Run it to check structure and examples of all versions; the comparison with the facts is called by the tests.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import urlsplit
from urllib.request import url2pathname

from jsonschema import Draft4Validator, FormatChecker, ValidationError
from jsonschema.validators import create  # pyright: ignore[reportUnknownVariableType]
from openapi_spec_validator import OpenAPIV2SpecValidator
from openapi_spec_validator.validation.exceptions import DuplicateOperationIDError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = "CommunicationIdentity.json"
COMMON = "common.json"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
MERGE_PATCH = "application/merge-patch+json"
PROSE = {"description", "summary", "title", "example", "externalDocs"}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and where: a file below swagger/ and a JSON pointer in it."""

    file: str
    pointer: str
    message: str

    def __str__(self) -> str:
        return f"swagger/{self.file}#{self.pointer}: {self.message}"


def main() -> int:
    swagger = ROOT / "swagger"
    # What is wrong in the common file shows in every version.
    findings = list(dict.fromkeys(finding for version in versions(swagger) for finding in check(swagger, version)))
    for finding in findings:
        print(finding)
    print(f"{len(versions(swagger))} contracts checked, {len(findings)} findings")
    return 1 if findings else 0


def versions(swagger: Path) -> list[str]:
    return sorted(folder.name for folder in swagger.iterdir() if folder.is_dir())


def check(swagger: Path, version: str) -> list[Finding]:
    """Return everything that is wrong with the contract of a version and its examples."""
    read_json.cache_clear()
    found = list(check_json(swagger, version))
    found = found or list(check_references(swagger, version)) or list(check_structure(swagger, version))
    # Examples mean nothing against a contract that is broken itself.
    return found or list(check_examples(swagger, version))


@cache
def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def pointer(*parts: object) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def resolve(file: Path, reference: str) -> tuple[Path, Any]:
    """Return the file a $ref leads to and what is there; raise LookupError or OSError when nothing is."""
    target, _, fragment = reference.partition("#")
    where = (file.parent / target).resolve() if target else file
    node = read_json(where)
    for part in fragment.split("/")[1:]:
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return where, node


def check_json(swagger: Path, version: str) -> Iterator[Finding]:
    """The contract is there, and what is there is JSON."""
    if not (swagger / version / CONTRACT).is_file():
        yield Finding(f"{version}/{CONTRACT}", "", "is not there")
    for file in [*sorted((swagger / version).rglob("*.json")), *swagger.glob(COMMON)]:
        try:
            read_json(file)
        except ValueError as error:
            yield Finding(file.relative_to(swagger).as_posix(), "", f"is not JSON: {error}")


def check_references(swagger: Path, version: str) -> Iterator[Finding]:
    """Every $ref leads somewhere."""
    for name in (f"{version}/{CONTRACT}", COMMON):
        file = swagger / name
        for where, reference in references(read_json(file)) if file.exists() else ():
            try:
                resolve(file, reference)
            except (LookupError, TypeError, OSError):
                yield Finding(name, where, f"nothing readable is at {reference}")


def references(node: Any, where: str = "") -> Iterator[tuple[str, str]]:
    if is_object(node):
        if isinstance(node.get("$ref"), str):
            yield where, node["$ref"]
        for name, value in node.items():
            yield from references(value, where + pointer(name))
    elif is_array(node):
        for index, value in enumerate(node):
            yield from references(value, where + pointer(index))


def check_structure(swagger: Path, version: str) -> Iterator[Finding]:
    """The files are valid OpenAPI 2.0, say for which version they are and name every operation once."""
    for name in (f"{version}/{CONTRACT}", COMMON):
        path = swagger / name
        if path.exists():
            for error in OpenAPIV2SpecValidator(read_json(path), base_uri=path.resolve().as_uri()).iter_errors():
                # The validator says of a repeated id only that there is one; below it is located.
                if not isinstance(error, DuplicateOperationIDError):
                    yield Finding(name, pointer(*error.absolute_path), error.message)
    file = f"{version}/{CONTRACT}"
    contract = read_json(swagger / file)
    said = contract.get("info", {}).get("version")
    if said != version:
        yield Finding(file, "/info/version", f"is {said}, but the folder is {version}")
    first: dict[str, str] = {}
    for path, item in contract.get("paths", {}).items():
        for method in METHODS:
            if method in item and "operationId" in item[method]:
                where = pointer("paths", path, method)
                name = item[method]["operationId"]
                if first.setdefault(name, where) != where:
                    yield Finding(file, where + "/operationId", f"{name} is already the id of {first[name]}")


@dataclass(frozen=True)
class Operation:
    """An operation with its parameters resolved and those of its path and its host added."""

    path: str
    method: str
    body: dict[str, Any]
    parameters: list[dict[str, Any]]

    @property
    def pointer(self) -> str:
        return pointer("paths", self.path, self.method)


def operations(file: Path) -> Iterator[Operation]:
    contract = read_json(file)
    host = contract.get("x-ms-parameterized-host", {}).get("parameters", [])
    for path, item in contract["paths"].items():
        for method in METHODS:
            if method in item:
                listed = [*host, *item.get("parameters", []), *item[method].get("parameters", [])]
                resolved = [resolve(file, entry["$ref"])[1] if "$ref" in entry else entry for entry in listed]
                yield Operation(path, method, item[method], resolved)


def check_examples(swagger: Path, version: str) -> Iterator[Finding]:
    """Every operation has examples, every example belongs to one, and all of them keep to the contract."""
    file = swagger / version / CONTRACT
    used: set[Path] = set()
    for operation in operations(file):
        entries = operation.body.get("x-ms-examples", {})
        if not entries:
            yield Finding(f"{version}/{CONTRACT}", operation.pointer, "the operation has no example")
        shown: set[str] = set()
        for entry in entries.values():
            example, content = resolve(file, entry["$ref"])
            used.add(example)
            shown.update(content.get("responses", {}))
            name = f"{version}/examples/{example.name}"
            for where, message in check_example(file, version, operation, content):
                yield Finding(name, where, message)
        for code in operation.body["responses"]:
            if entries and code != "default" and code not in shown:
                where = operation.pointer + pointer("responses", code)
                yield Finding(f"{version}/{CONTRACT}", where, "no example shows this answer")
    for example in sorted((swagger / version / "examples").resolve().glob("*")):
        if example not in used:
            yield Finding(f"{version}/examples/{example.name}", "", "no operation refers to this example")


def check_example(file: Path, version: str, operation: Operation, example: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield pointer and message of everything in an example that breaks the contract."""
    wanted = operation.body["operationId"]
    if example.get("operationId", wanted) != wanted:
        yield "/operationId", f"is {example['operationId']}, but the operation that refers to it is {wanted}"
    given = example.get("parameters", {})
    declared = {parameter["name"]: parameter for parameter in operation.parameters}
    for name in given:
        if name not in declared:
            yield pointer("parameters", name), f"{wanted} declares no such parameter"
    for name, parameter in declared.items():
        where = pointer("parameters", name)
        if name in given:
            value = given[name]
            if parameter["in"] == "body" and MERGE_PATCH in operation.body.get("consumes", []):
                value = without_nulls(value)
            yield from mismatches(file, parameter_schema(parameter), value, where, request=True)
        elif parameter.get("required"):
            yield where, "is required and not there"
    if given.get("api-version", version) != version:
        yield "/parameters/api-version", f"is {given['api-version']}, but the contract is of {version}"
    responses = example.get("responses", {})
    if not responses:
        yield "/responses", "shows no answer"
    for code, answer in responses.items():
        yield from check_answer(file, operation, code, answer)


def without_nulls(value: Any) -> Any:
    """Return a merge patch without what it removes: there null stands for no value of any schema (RFC 7396)."""
    if is_object(value):
        return {name: without_nulls(member) for name, member in value.items() if member is not None}
    return value


def check_answer(file: Path, operation: Operation, code: str, answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    declared = operation.body["responses"]
    where = pointer("responses", code)
    is_error = re.fullmatch("[45][0-9][0-9]", code) is not None
    response = declared.get(code) or (declared.get("default") if is_error else None)
    if response is None:
        yield where, f"{operation.body['operationId']} declares no such status code"
        return
    for name in answer.get("headers", {}):
        if name.lower() not in {header.lower() for header in response.get("headers", {})}:
            yield where + pointer("headers", name), "the answer declares no such header"
    if "schema" not in response:
        if answer.get("body") is not None:
            yield where + "/body", "the answer declares no body"
    elif "body" not in answer:
        yield where + "/body", "is required and not there"
    else:
        yield from mismatches(file, response["schema"], answer["body"], where + "/body", request=False)


def parameter_schema(parameter: dict[str, Any]) -> dict[str, Any]:
    if parameter["in"] == "body":
        schema: dict[str, Any] = parameter["schema"]
        return schema
    # In a parameter `required` is a boolean; in a schema it is a list of properties.
    return {name: value for name, value in parameter.items() if name not in {"name", "in", "required", *PROSE}}


def mismatches(
    file: Path, schema: dict[str, Any], value: Any, where: str, *, request: bool
) -> Iterator[tuple[str, str]]:
    """Yield pointer and message of everything in a value that breaks its schema."""
    uri = file.resolve().as_uri()
    registry: Registry[Any] = Registry(retrieve=retrieve)  # type: ignore[call-arg]
    validator = REQUESTS if request else ANSWERS
    anchored = rebase(schema, uri)
    for error in validator(anchored, registry=registry, format_checker=FORMATS).iter_errors(value):
        yield where + pointer(*error.absolute_path), error.message


def retrieve(uri: str) -> Resource[Any]:
    return DRAFT4.create_resource(read_json(Path(url2pathname(urlsplit(uri).path))))


def rebase(node: Any, uri: str) -> Any:
    """Return a piece of a contract whose own references name the file it was taken from."""
    if is_object(node):
        if isinstance(node.get("$ref"), str) and node["$ref"].startswith("#"):
            return {**node, "$ref": uri + node["$ref"]}
        return {name: rebase(value, uri) for name, value in node.items()}
    return node


FORMATS = FormatChecker()


@FORMATS.checks("int32")
def is_int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


def refuse_read_only(_validator: Any, read_only: Any, _value: Any, _schema: Any) -> Iterator[ValidationError]:
    if read_only is True:
        yield ValidationError("is read-only, a request must not carry it")


def accept_new_values(validator: Any, values: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    # The service may add values to an extensible enum; a caller may not invent one.
    if not schema.get("x-ms-enum", {}).get("modelAsString"):
        yield from Draft4Validator.VALIDATORS["enum"](validator, values, value, schema)


def only_declared(validator: Any, properties: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    yield from Draft4Validator.VALIDATORS["properties"](validator, properties, value, schema)
    if is_object(value) and "additionalProperties" not in schema:
        for name in sorted(value.keys() - properties.keys()):
            yield ValidationError("the schema declares no such property", path=[name])


def validator_class(**keywords: Any) -> Any:
    # Not Draft4Validator.extend: it ignores what stands beside a $ref, and the contracts put readOnly there.
    return create(
        meta_schema=Draft4Validator.META_SCHEMA,
        validators={**Draft4Validator.VALIDATORS, "properties": only_declared, **keywords},
        type_checker=Draft4Validator.TYPE_CHECKER,
    )


REQUESTS = validator_class(readOnly=refuse_read_only)
ANSWERS = validator_class(enum=accept_new_values)


def describe(swagger: Path, version: str) -> dict[str, Any]:
    """Return what a contract says in the shape of the facts: everything but prose and examples."""
    read_json.cache_clear()
    file = swagger / version / CONTRACT
    contract = read_json(file)
    [endpoint] = contract["x-ms-parameterized-host"]["parameters"]
    definitions = {name: (file, schema) for name, schema in contract["definitions"].items()}
    queue = [(file, reference) for _, reference in references(contract) if "/definitions/" in reference]
    while queue:
        where, schema = resolve(*queue.pop())
        name = next(name for name, known in read_json(where)["definitions"].items() if known is schema)
        if name not in definitions:
            definitions[name] = (where, schema)
            queue += [(where, reference) for _, reference in references(schema)]
    return {
        "version": contract["info"]["version"],
        "endpoint": without(endpoint, PROSE | {"x-ms-parameter-location"}),
        "security": {
            name: without(scheme, PROSE | {"authorizationUrl"}) | {"scopes": sorted(scheme.get("scopes", {}))}
            for name, scheme in contract.get("securityDefinitions", {}).items()
        },
        "operations": [
            describe_operation(contract, operation, contract["x-ms-parameterized-host"]["parameters"])
            for operation in operations(file)
        ],
        "schemas": {name: describe_schema(schema) for name, (_, schema) in definitions.items()},
    }


def describe_operation(contract: dict[str, Any], operation: Operation, host: list[dict[str, Any]]) -> dict[str, Any]:
    known = {"operationId", "tags", "parameters", "responses", "consumes", "produces", "x-ms-examples", *PROSE}
    responses = operation.body["responses"]
    bodies = [parameter for parameter in operation.parameters if parameter["in"] == "body"]
    [consumed] = operation.body.get("consumes", contract["consumes"])
    [produced] = operation.body.get("produces", contract["produces"])
    [tag] = operation.body["tags"]
    return {
        "id": operation.body["operationId"],
        "method": operation.method.upper(),
        "path": operation.path,
        "tag": tag,
        "parameters": [
            without(parameter, PROSE | {"x-ms-parameter-location"})
            for parameter in operation.parameters
            if parameter["in"] != "body" and parameter not in host
        ],
        "body": {
            "schema": reference_name(bodies[0]["schema"]),
            "required": bodies[0].get("required", False),
            "contentType": consumed,
        }
        if bodies
        else None,
        "success": {int(code): answer_name(answer) for code, answer in responses.items() if code != "default"},
        "error": answer_name(responses["default"]) if "default" in responses else None,
        "produces": produced,
        **without(operation.body, known),
    }


def answer_name(response: dict[str, Any]) -> Any:
    more = without(response, PROSE | {"schema"})
    name = reference_name(response["schema"]) if "schema" in response else None
    return {"schema": name, **more} if more else name


def reference_name(schema: dict[str, Any]) -> Any:
    return schema["$ref"].rpartition("/")[2] if set(schema) - PROSE == {"$ref"} else describe_schema(schema)


def describe_schema(schema: dict[str, Any]) -> dict[str, Any]:
    described = without(schema, PROSE)
    if "$ref" in described:
        described["$ref"] = described["$ref"].rpartition("/")[2]
    if "required" in described:
        described["required"] = sorted(described["required"])
    if "properties" in described:
        described["properties"] = {name: describe_schema(value) for name, value in described["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(described.get(name), dict):
            described[name] = describe_schema(described[name])
    enum = described.pop("x-ms-enum", None)
    if enum is not None:
        described["extensible"] = enum["modelAsString"]
        described["enumName"] = enum["name"]
        # The values are listed twice, and a constant that only one list has would be lost.
        named = [entry["value"] for entry in enum.get("values", [])]
        if named and named != described["enum"]:
            described["named"] = named
    if "x-ms-client-name" in described:
        described["clientName"] = described.pop("x-ms-client-name")
    return described


def without(mapping: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name not in names}


def compare_with_facts(swagger: Path, version: str, facts: dict[str, Any]) -> list[Finding]:
    """Return every difference, in both directions, between a contract and the facts about the service."""
    said = describe(swagger, version)
    contract = f"{version}/{CONTRACT}"
    found: list[Finding] = []

    def note(where: str, is_: Any, should: Any) -> None:
        found.extend(Finding(contract, where, message) for message in differences(is_, should))

    note("/info/version", said["version"], facts["version"])
    note("/x-ms-parameterized-host/parameters/0", said["endpoint"], facts["endpoint"])
    note("/securityDefinitions", said["security"], facts["security"])
    is_operations, should_operations = by_route(said["operations"]), by_route(facts["operations"])
    for route in sorted(is_operations | should_operations):
        where = pointer("paths", *route)
        note(where, is_operations.get(route, ABSENT), should_operations.get(route, ABSENT))
    for name in sorted(said["schemas"] | facts["schemas"]):
        note(pointer("definitions", name), said["schemas"].get(name, ABSENT), facts["schemas"].get(name, ABSENT))
    return found


def by_route(listed: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    return {
        (operation["path"], operation["method"].lower()): {
            **operation,
            "parameters": {parameter["name"]: parameter for parameter in operation["parameters"]},
        }
        for operation in listed
    }


ABSENT = object()


def differences(is_: Any, should: Any, where: str = "") -> Iterator[str]:
    """Yield one sentence for everything that differs."""
    label = f"{where}: " if where else ""
    if is_ is ABSENT:
        yield f"{label}is not there, should be {json.dumps(should)}"
    elif should is ABSENT:
        yield f"{label}is {json.dumps(is_)}, the service has no such thing"
    elif is_object(is_) and is_object(should):
        for name in sorted({*is_, *should}, key=str):
            yield from differences(
                is_.get(name, ABSENT), should.get(name, ABSENT), f"{where}.{name}" if where else str(name)
            )
    # In this order 1 and True, equal to Python, differ.
    elif type(is_) is not type(should) or is_ != should:
        yield f"{label}is {json.dumps(is_)}, should be {json.dumps(should)}"


if __name__ == "__main__":
    sys.exit(main())
