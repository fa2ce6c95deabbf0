"""Every rule of the contract diff, by planting the change in a small contract, forwards and backwards."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.once

Edit = Callable[[Any], object]
Rows = set[tuple[str, str]]

JSON = "application/json"
ERROR = {
    "type": "object",
    "required": ["code"],
    "properties": {"code": {"type": "string"}, "inner": {"$ref": "#/definitions/Error"}},
}
COMMON = {"swagger": "2.0", "info": {"title": "", "version": "1"}, "paths": {}, "definitions": {"Error": ERROR}}
CONTRACT = {
    "swagger": "2.0",
    "info": {"title": "Things", "version": "1"},
    "consumes": [JSON],
    "produces": [JSON],
    "paths": {
        "/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "type": "string"}],
            "put": {
                "operationId": "Things_Put",
                "parameters": [
                    {"name": "filter", "in": "query", "type": "string"},
                    {"name": "api-version", "in": "query", "required": True, "type": "string"},
                    {"name": "body", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Request"}},
                ],
                "responses": {
                    "200": {
                        "description": "The thing.",
                        "schema": {"$ref": "#/definitions/Answer"},
                        "headers": {"ETag": {"type": "string"}},
                    },
                    "204": {"description": "Nothing."},
                    "default": {"description": "No.", "schema": {"$ref": "../common.json#/definitions/Error"}},
                },
            },
        }
    },
    "definitions": {
        "Request": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "maxLength": 10},
                "size": {"type": "integer", "format": "int32", "minimum": 1, "default": 5},
                "tags": {"type": "array", "items": {"$ref": "#/definitions/Open"}},
                "made": {"type": "string", "readOnly": True},
            },
        },
        "Answer": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "maxLength": 10},
                "note": {"type": "string"},
                "tags": {"type": "array", "items": {"$ref": "#/definitions/Open"}},
                "kind": {"type": "string", "enum": ["a", "b"]},
            },
        },
        "Open": {"type": "string", "enum": ["x", "y"], "x-ms-enum": {"name": "Open", "modelAsString": True}},
    },
}


def put(contract: Any) -> Any:
    return contract["paths"]["/things/{id}"]["put"]


def request(contract: Any) -> Any:
    return contract["definitions"]["Request"]


def answer(contract: Any) -> Any:
    return contract["definitions"]["Answer"]


def rename_path_parameter(contract: Any) -> None:
    item = contract["paths"].pop("/things/{id}")
    item["parameters"][0]["name"] = "thingId"
    contract["paths"]["/things/{thingId}"] = item


def add_required(schema: Any) -> None:
    schema["properties"]["new"] = {"type": "string"}
    schema["required"].append("new")


def planted(title: str, edit: Edit, forwards: Rows, backwards: Rows | None = None) -> Any:
    return pytest.param(edit, forwards, forwards if backwards is None else backwards, id=title)


CHANGES = [
    planted(
        "an operation",
        lambda c: c["paths"]["/things/{id}"].update(
            get={"operationId": "Things_Get", "responses": {"204": {"description": ""}}}
        ),
        {("operation added", "")},
        {("operation removed", "")},
    ),
    planted(
        "another operationId",
        lambda c: put(c).update(operationId="Things_Replace"),
        {("operationId renamed", "")},
    ),
    planted(
        "an optional parameter",
        lambda c: put(c)["parameters"].append({"name": "top", "in": "query", "type": "integer"}),
        {("parameter added", "query top")},
        {("parameter removed", "query top")},
    ),
    planted(
        "a required parameter",
        lambda c: put(c)["parameters"].append({"name": "top", "in": "header", "type": "integer", "required": True}),
        {("required parameter added", "header top")},
        {("parameter removed", "header top")},
    ),
    planted(
        "a parameter is required",
        lambda c: put(c)["parameters"][0].update(required=True),
        {("parameter made required", "query filter")},
        {("parameter made optional", "query filter")},
    ),
    planted(
        "a path parameter has another name",
        rename_path_parameter,
        {("path parameter renamed", "path parameter 1")},
    ),
    planted(
        "an optional request property",
        lambda c: request(c)["properties"].update(new={"type": "string"}),
        {("request property added", "body.new")},
        {("request property removed", "body.new")},
    ),
    planted(
        "a required request property",
        lambda c: add_required(request(c)),
        {("required request property added", "body.new")},
        {("request property removed", "body.new")},
    ),
    planted(
        "a request property is required",
        lambda c: request(c)["required"].append("size"),
        {("request property made required", "body.size")},
        {("request property made optional", "body.size")},
    ),
    planted(
        "a request property is read-only",
        lambda c: request(c)["properties"]["size"].update(readOnly=True),
        {("request property removed", "body.size")},
        {("request property added", "body.size")},
    ),
    planted(
        "a response property",
        lambda c: answer(c)["properties"].update(new={"type": "string"}),
        {("response property added", "200.new")},
        {("response property removed", "200.new")},
    ),
    planted(
        "a property of the shared error model, which is inside itself",
        lambda c: c["common"]["definitions"]["Error"]["properties"].update(target={"type": "string"}),
        {("response property added", "default.target")},
        {("response property removed", "default.target")},
    ),
    planted(
        "any further properties",
        lambda c: answer(c).update(additionalProperties={"type": "string"}),
        {("response property added", "200.*")},
        {("response property removed", "200.*")},
    ),
    planted(
        "properties taken from another definition",
        lambda c: (
            c["definitions"].update(Base={"type": "object", "properties": {"new": {"type": "string"}}}),
            answer(c).update(allOf=[{"$ref": "#/definitions/Base"}]),
        ),
        {("response property added", "200.new")},
        {("response property removed", "200.new")},
    ),
    planted(
        "a response property is always there",
        lambda c: answer(c)["required"].append("note"),
        {("response property made required", "200.note")},
        {("response property made optional", "200.note")},
    ),
    planted(
        "another type",
        lambda c: answer(c)["properties"]["note"].update(type="integer"),
        {("type changed", "200.note")},
    ),
    planted(
        "another format",
        lambda c: request(c)["properties"]["size"].update(format="int64"),
        {("format changed", "body.size")},
    ),
    planted(
        "another name in Python",
        lambda c: answer(c)["properties"]["note"].update({"x-ms-client-name": "remark"}),
        {("Python name changed", "200.note")},
    ),
    planted(
        "a value of an extensible enum, sent and received",
        lambda c: c["definitions"]["Open"]["enum"].append("z"),
        {("request value added", "body.tags[]"), ("response value added", "200.tags[]")},
        {("request value removed", "body.tags[]"), ("response value removed", "200.tags[]")},
    ),
    planted(
        "an extensible enum is closed",
        lambda c: c["definitions"]["Open"]["x-ms-enum"].update(modelAsString=False),
        {("request values closed", "body.tags[]"), ("response values closed", "200.tags[]")},
        {("request values opened", "body.tags[]"), ("response values opened", "200.tags[]")},
    ),
    planted(
        "a value of a closed enum",
        lambda c: answer(c)["properties"]["kind"]["enum"].append("c"),
        {("response value added to a closed enum", "200.kind")},
        {("response value removed", "200.kind")},
    ),
    planted(
        "a smaller upper bound",
        lambda c: request(c)["properties"]["name"].update(maxLength=9),
        {("request limit narrowed", "body.name")},
        {("request limit widened", "body.name")},
    ),
    planted(
        "a greater lower bound",
        lambda c: request(c)["properties"]["size"].update(minimum=2),
        {("request limit narrowed", "body.size")},
        {("request limit widened", "body.size")},
    ),
    planted(
        "a pattern where there was none",
        lambda c: put(c)["parameters"][0].update(pattern="^a"),
        {("request limit narrowed", "query filter")},
        {("request limit widened", "query filter")},
    ),
    planted(
        "another limit of what is received",
        lambda c: answer(c)["properties"]["name"].update(maxLength=9),
        {("response limit changed", "200.name")},
    ),
    planted(
        "another default of what is sent",
        lambda c: request(c)["properties"]["size"].update(default=6),
        {("request default changed", "body.size")},
    ),
    planted(
        "a default of what is received",
        lambda c: answer(c)["properties"]["note"].update(default=""),
        {("response default changed", "200.note")},
    ),
    planted(
        "null may be sent",
        lambda c: request(c)["properties"]["name"].update({"x-nullable": True}),
        {("request may be null", "body.name")},
        {("request may no longer be null", "body.name")},
    ),
    planted(
        "null may be received",
        lambda c: answer(c)["properties"]["name"].update({"x-nullable": True}),
        {("response may be null", "200.name")},
        {("response may no longer be null", "200.name")},
    ),
    planted(
        "a success code with a known body",
        lambda c: put(c)["responses"].update({"201": put(c)["responses"]["200"]}),
        {("response code added", "201")},
        {("response code removed", "201")},
    ),
    planted(
        "a success code with a body never seen",
        lambda c: put(c)["responses"].update({"202": {"description": "", "schema": {"type": "string"}}}),
        {("response code added with another body", "202")},
        {("response code removed", "202")},
    ),
    planted(
        "an error code",
        lambda c: put(c)["responses"].update({"409": {"description": "", "schema": {"type": "string"}}}),
        {("response code added", "409")},
        {("response code removed", "409")},
    ),
    planted(
        "a body where there was none",
        lambda c: put(c)["responses"]["204"].update(schema={"type": "string"}),
        {("response body added", "204")},
        {("response body removed", "204")},
    ),
    planted(
        "a response header",
        lambda c: put(c)["responses"]["200"]["headers"].update({"Retry-After": {"type": "integer"}}),
        {("response header added", "200 header Retry-After")},
        {("response header removed", "200 header Retry-After")},
    ),
    planted(
        "a content type",
        lambda c: c.update(consumes=[JSON, "application/xml"]),
        {("content type added", "request")},
        {("content type removed", "request")},
    ),
    planted("another description", lambda c: answer(c).update(description="Other words."), set()),
    planted("another summary", lambda c: put(c).update(summary="Other words."), set()),
    planted(
        "a definition has another name",
        lambda c: (
            c["definitions"].update(Reply=c["definitions"].pop("Answer")),
            put(c)["responses"]["200"].update(schema={"$ref": "#/definitions/Reply"}),
        ),
        set(),
    ),
    planted(
        "another limit of the api-version, which the client sends by itself",
        lambda c: put(c)["parameters"][1].update(minLength=1),
        set(),
    ),
]

BREAKING = """
operation removed; parameter removed; required parameter added; parameter made required; path parameter renamed;
required request property added; request property removed; request property made required; response property removed;
response property made optional; Python name changed; type changed; format changed; request value removed;
request values closed; response value added to a closed enum; response value removed; response values opened;
request limit narrowed; request default changed; request may no longer be null; response may be null;
response code added with another body; response code removed; response body removed; response header removed;
content type removed
"""


@pytest.fixture(scope="session")
def contract_diff(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool("guard.contract_diff")


@pytest.fixture
def compare(load_tool: Callable[[str], ModuleType], contract_diff: ModuleType, tmp_path: Path) -> Callable[..., Any]:
    contracts = load_tool("guard.contracts")

    def run(old: Any, new: Any) -> Any:
        resolved: list[Any] = []
        for name, content in (("old", old), ("new", new)):
            folder = tmp_path / name / "1"
            folder.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / "common.json").write_text(json.dumps(content.pop("common")))
            (folder / "CommunicationIdentity.json").write_text(json.dumps(content))
            resolved.append(contracts.resolved(tmp_path / name, "1"))
        return contract_diff.diff(*resolved)

    return run


def before_and_after(edit: Edit) -> tuple[Any, Any]:
    old = copy.deepcopy({**CONTRACT, "common": COMMON})
    new = copy.deepcopy(old)
    edit(new)
    return old, new


@pytest.mark.parametrize(("edit", "forwards", "backwards"), CHANGES)
def test_a_change_of_the_contract_is_seen_for_what_it_is(
    compare: Callable[..., Any], edit: Edit, forwards: Rows, backwards: Rows
) -> None:
    old, new = before_and_after(edit)
    assert {(change.what, change.subject) for change in compare(old, new)} == forwards

    old, new = before_and_after(edit)
    assert {(change.what, change.subject) for change in compare(new, old)} == backwards


def test_no_rule_is_without_a_planted_change(contract_diff: ModuleType) -> None:
    seen = {what for change in CHANGES for rows in change.values[1:] for what, _ in rows}
    assert seen == set(contract_diff.RULES)


def test_exactly_what_breaks_callers_is_called_breaking(contract_diff: ModuleType) -> None:
    expected = {" ".join(rule.split()) for rule in BREAKING.split(";")}
    assert {what for what, breaking in contract_diff.RULES.items() if breaking} == expected


def test_a_row_names_the_operation_the_place_and_both_values(compare: Callable[..., Any]) -> None:
    [change] = compare(*before_and_after(lambda c: request(c)["properties"]["name"].update(maxLength=9)))

    assert change.operation == "PUT /things/{id}"
    assert change.pointer == "/definitions/Request/properties/name"
    assert change.detail == "maxLength 10 -> 9"
    assert change.breaking


def test_a_change_of_a_shared_file_is_located_there(compare: Callable[..., Any]) -> None:
    changes = compare(*before_and_after(lambda c: c["common"]["definitions"]["Error"]["required"].clear()))

    assert {change.pointer for change in changes} == {"common.json#/definitions/Error/properties/code"}


def test_what_is_gone_is_located_in_the_older_contract(compare: Callable[..., Any]) -> None:
    [change] = compare(*before_and_after(lambda c: answer(c)["properties"].pop("note")))

    assert (change.what, change.pointer) == ("response property removed", "/definitions/Answer/properties/note")
