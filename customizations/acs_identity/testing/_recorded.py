"""What a cassette says was asked and answered, for those who read it without vcrpy."""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from ._jwt import claims_of
from ._scrubbing import Interaction

_DEEPEST = 100
_TOO_DEEP = "The JSON is too deep."


class CassetteError(ValueError):
    """A document is no cassette, or one of its interactions is none; the text says why and shows nothing of it."""


@dataclass(frozen=True)
class Recorded:
    """One request and its answer. The repr shows the method and the status only: the rest may hold secrets.

    Attributes:
        method: The HTTP method.
        uri: The URL as it was sent.
        request_headers: The headers of the request, with names in lower case.
        request_body: The body of the request, empty when there was none.
        status: The status of the answer.
        headers: The headers of the answer, with names in lower case.
        body: The body of the answer, empty when there was none.
    """

    method: str
    uri: str = field(repr=False)
    request_headers: dict[str, str] = field(repr=False)
    request_body: bytes = field(repr=False)
    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(urlsplit(self.uri).path)

    @cached_property
    def asked(self) -> dict[str, Any]:
        """The members of the request's JSON body; none when it is no JSON object."""
        return members_of(self.request_body)

    @cached_property
    def answered(self) -> dict[str, Any]:
        """The members of the answer's JSON body; none when it is no JSON object."""
        return members_of(self.body)

    @property
    def has_bearer(self) -> bool:
        """Whether the request came with a bearer token, as far as it is recorded."""
        return self.request_headers.get("authorization", "").lower().startswith("bearer ")

    @property
    def bearer(self) -> dict[str, Any] | None:
        """The claims of the bearer token that the request came with; None when it came with none, or no JWT."""
        token = self.request_headers.get("authorization", "").partition(" ")[2]
        return claims_of(token.strip()) if self.has_bearer else None


def interactions_of(document: object) -> list[object]:
    """Return the interactions of a cassette.

    Raises:
        CassetteError: The document is no cassette.
    """
    interactions = cast("dict[str, object]", document).get("interactions") if isinstance(document, dict) else None
    if not isinstance(interactions, list):
        raise CassetteError("It is no cassette of vcrpy: it has no list of interactions.")
    return cast("list[object]", interactions)


def in_todays_form(interaction: object) -> Interaction:
    """Return an interaction as vcrpy 9 writes it; earlier ones wrote bodies and statuses otherwise.

    Raises:
        CassetteError: It is no interaction.
    """
    whole = _object(interaction, "the interaction")
    request, response = _object(whole.get("request"), "request"), _object(whole.get("response"), "response")
    method, uri = request.get("method"), request.get("uri")
    if not isinstance(method, str) or not isinstance(uri, str):
        raise CassetteError("it has no method or no uri")
    try:
        unquote(urlsplit(uri).path)
    except ValueError:
        raise CassetteError("its uri is none") from None
    status = response.get("status", {"code": response.get("status_code"), "message": ""})
    code = _object(status, "status").get("code")
    if not isinstance(code, int):
        raise CassetteError("its status has no code")
    return {
        "request": {
            "method": method,
            "uri": uri,
            "body": _content(request.get("body")),
            "headers": _headers(request.get("headers")),
        },
        "response": {
            "status": {"code": code, "message": _object(status, "status").get("message")},
            "headers": _headers(response.get("headers")),
            "body": {"string": _content(response.get("body", response.get("content")))},
        },
    }


def read(interaction: Interaction) -> Recorded:
    """Read an interaction in today's form."""
    request, response = interaction["request"], interaction["response"]
    return Recorded(
        method=request["method"].upper(),
        uri=request["uri"],
        request_headers=_lines(request["headers"]),
        request_body=_bytes(request.get("body")),
        status=response["status"]["code"],
        headers=_lines(response["headers"]),
        body=_bytes(response["body"].get("string")),
    )


def json_of(body: bytes) -> object:
    """Return the value of JSON.

    Raises:
        ValueError: It is no JSON, or too deep to be read.
    """
    try:
        value = json.loads(body)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    level = [cast("object", value)]
    for _ in range(_DEEPEST):
        level = [inner for each in level for inner in _inner(each)]
    if level:
        raise ValueError(_TOO_DEEP)
    return value


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()


def members_of(body: bytes) -> dict[str, Any]:
    """Return the members of a JSON object; none when it is no JSON object."""
    try:
        value = json_of(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CassetteError(f"{name} is no object")
    return cast("dict[str, Any]", value)


def _content(body: object) -> str | bytes | None:
    if isinstance(body, dict):
        members = cast("dict[str, object]", body)
        encoded = members.get("base64_string")
        if isinstance(encoded, str | bytes):
            try:
                return base64.b64decode(encoded)
            except binascii.Error:
                raise CassetteError("its body is no base64") from None
        body = members.get("string")
    return body if isinstance(body, str | bytes) else None


def _headers(headers: object) -> dict[str, list[str]]:
    if not isinstance(headers, dict):
        return {}
    return {
        str(name): [str(value) for value in (cast("list[object]", values) if isinstance(values, list) else [values])]
        for name, values in cast("dict[object, object]", headers).items()
    }


def _lines(headers: dict[str, list[str]]) -> dict[str, str]:
    return {name.lower(): ", ".join(values) for name, values in headers.items()}


def _bytes(body: str | bytes | None) -> bytes:
    return body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body or b""
