"""Bodies as the contract of the API version has them: requests from bytes to members, answers without what is later."""

import functools
import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn, cast

from . import errors
from .contract import Document, Operation, Schema
from .messages import Request
from .times import parse_date_time

_INT32 = range(-(2**31), 2**31)


def read_json(operation: Operation, request: Request) -> dict[str, Any]:
    """Return the JSON object in the body; an empty one when the body may be left out and is, or is not looked at.

    A byte order mark is skipped. Of a member that is there twice the last one counts.

    Raises:
        ServiceError: The content type is not one of the operation, the body is not JSON or no object, or it is
            missing where the contract requires it.
    """
    if operation.body is None or not request.body:
        return _absent(operation)
    _check_content_type(operation, request)
    try:
        document: object = _DECODER.decode(request.body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise errors.body_malformed("the body is not UTF-8") from None
    except RecursionError:
        raise errors.body_malformed("the body is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise errors.body_malformed(f"the body is not JSON, from character {error.pos} on") from None
    except ValueError:
        raise errors.body_malformed("the body holds a number that JSON does not have or that is too long") from None
    if document is None:
        return _absent(operation)
    if not isinstance(document, dict):
        raise errors.value_not_convertible("$", "a JSON object", document)
    return cast(dict[str, Any], document)


def bind(operation: Operation, document: dict[str, Any]) -> dict[str, Any]:
    """Return the members of the body that the contract of the API version has and that are not null.

    Names are compared with case. Ranges and enumerations are the operation's affair, as in the service. Of a body that
    is a map every entry is returned, also those that are null.

    Raises:
        ServiceError: A value has another type than the contract says, or a required member is missing, null or
            an empty text.
    """
    schema = operation.body_schema
    entries: Schema | None = schema.get("additionalProperties")
    if not entries:
        return _bind_members(operation.document, schema, document, "$")
    return {
        name: None if entry is None else _convert(operation.document, entries, entry, f"$.{name}")
        for name, entry in document.items()
    }


def select(operation: Operation, status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of an answer's body that the contract of the API version has, in the order of the body."""
    return _part(_members(operation, status), body)


def _bind_members(document: Document, schema: Schema, given: dict[str, Any], path: str) -> dict[str, Any]:
    members: dict[str, Schema] = schema.get("properties", {})
    bound = {
        name: _convert(document, member, given[name], f"{path}.{name}")
        for name, member in members.items()
        if given.get(name) is not None
    }
    for name in schema.get("required", ()):
        if bound.get(name) in (None, ""):
            raise errors.member_required(name, list(given))
    return bound


@functools.cache
def _members(operation: Operation, status: int) -> dict[str, Any]:
    """The names of the members of an answer's body, each with those of its own."""
    return _tree(operation.document, operation.responses[status] or {})


def _tree(document: Document, schema: Schema) -> dict[str, Any]:
    properties: dict[str, Schema] = document.resolve(schema).get("properties", {})
    return {name: _tree(document, inner) for name, inner in properties.items()}


def _part(members: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _part(members[name], cast(dict[str, Any], value)) if isinstance(value, dict) else value
        for name, value in body.items()
        if name in members
    }


def _absent(operation: Operation) -> dict[str, Any]:
    if operation.body_required:
        raise errors.body_missing()
    return {}


def _check_content_type(operation: Operation, request: Request) -> None:
    media_type, *parameters = (part.strip().lower() for part in (request.header("content-type") or "").split(";"))
    charsets = [part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")]
    if media_type not in operation.consumes or not set(charsets) <= {"utf-8", "us-ascii"}:
        raise errors.unsupported_media_type(" or ".join(operation.consumes), media_type)


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


# json.loads would make a decoder for each body.
_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _convert(document: Document, schema: Schema, value: object, path: str) -> object:
    schema = document.resolve(schema)
    expected = schema.get("type")
    if expected == "array":
        if not isinstance(value, list):
            raise errors.value_not_convertible(path, "an array", value)
        items = cast(list[object], value)
        return [_convert(document, schema["items"], item, f"{path}[{index}]") for index, item in enumerate(items)]
    if expected == "object":
        if not isinstance(value, dict):
            raise errors.value_not_convertible(path, "a JSON object", value)
        return _bind_members(document, schema, cast(dict[str, Any], value), path)
    if expected == "string" and not isinstance(value, str):
        raise errors.value_not_convertible(path, "a text", value)
    if schema.get("format") == "date-time":
        moment = parse_date_time(str(value))
        if moment is None:
            raise errors.value_not_convertible(path, "a time with its offset, for example 2026-10-01T12:00:00Z", value)
        return moment
    # JSON's true is an int in Python.
    if expected == "integer" and (type(value) is not int or value not in _INT32):
        raise errors.value_not_convertible(path, "a whole number of 32 bits, without quotes or decimal point", value)
    return value
