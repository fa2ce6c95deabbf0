"""The operations of every API version, read from the OpenAPI files that ship with ``acs_identity_rest``."""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, unquote

from . import errors
from .messages import Request

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_PARAMETER = re.compile(r"\{[^}]*\}")
_ID = re.compile(r"8:[a-z-]+:[^/]*|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """One OpenAPI file, and the shared ones it refers to.

    Attributes:
        version: The API version, for example ``2026-09-23``.
        content: The parsed file.
        shared: The other parsed files, by the name that references use, for example ``../common.json``.
    """

    version: str
    content: Schema
    shared: Mapping[str, Schema]

    def resolve(self, schema: Schema) -> Schema:
        """Follow the references of a schema or parameter until there is none."""
        home = self.content
        while "$ref" in schema:
            file, _, pointer = str(schema["$ref"]).partition("#")
            home = self.shared[file] if file else home
            found: Any = home
            for part in pointer.strip("/").split("/"):
                found = found[part]
            schema = found
        return schema


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of one API version.

    Attributes:
        version: The API version.
        method: The HTTP method, in upper case.
        path: The path template, for example ``/identities/{id}``.
        consumes: The content types of the request body.
        body: The schema of the request body; None when the operation takes none.
        body_required: Whether the body must be sent.
        responses: The schemas of the success answers by status; None for one without body.
        document: The file the operation is in.
    """

    version: str
    method: str
    path: str
    consumes: tuple[str, ...]
    body: Schema | None
    body_required: bool
    responses: Mapping[int, Schema | None]
    document: Document

    @cached_property
    def status(self) -> int:
        """The status of the only success answer, or of the first one in the contract.

        >>> load_contract().operation("2026-09-23", "POST", "/identities").status
        201
        """
        return next(iter(self.responses))

    @cached_property
    def key(self) -> tuple[str, str]:
        """What the operation is, whatever a version calls it or its path parameters.

        >>> load_contract().operation("2026-09-23", "DELETE", "/identities/{id}").key
        ('DELETE', '/identities/{}')
        """
        return self.method, _PARAMETER.sub("{}", self.path)

    @cached_property
    def body_schema(self) -> Schema:
        """The schema of the request body without reference at its top; empty when the operation takes no body."""
        return self.document.resolve(self.body or {})

    def allowed_values(self, member: str) -> tuple[str, ...]:
        """Return the values the contract lists for a text or for the items of an array; empty when it lists none.

        The member is one of the body, or of each entry of a body that is a map.

        >>> load_contract().operation("2023-10-01", "POST", "/identities").allowed_values("createTokenWithScopes")
        ('chat', 'voip', 'chat.join', 'chat.join.limited', 'voip.join')
        """
        entry = self.document.resolve(self.body_schema.get("additionalProperties") or self.body_schema)
        property_ = self.document.resolve(entry["properties"][member])
        return tuple(self.document.resolve(property_.get("items", property_)).get("enum", ()))


@dataclass(frozen=True, eq=False)
class Route:
    """A path template and its operations in every API version that has it.

    Attributes:
        path: The path template.
        operations: The operations by API version, then by method.
    """

    path: str
    operations: Mapping[str, Mapping[str, Operation]]

    @cached_property
    def versions(self) -> str:
        """The API versions of the route in ascending order, as the header ``api-supported-versions`` has them."""
        return ", ".join(sorted(self.operations))

    @cached_property
    def key(self) -> str:
        """The path template with the names of the path parameters left out."""
        return _PARAMETER.sub("{}", self.path)

    @cached_property
    def segments(self) -> list[str | None]:
        """The segments of the path template in lower case; None for a path parameter."""
        return [None if _PARAMETER.fullmatch(part) else part.lower() for part in self.path.split("/")]

    def arguments(self, segments: list[str]) -> tuple[str, ...] | None:
        """Return the values of the path parameters, or None when the decoded segments are not those of this route.

        There must be as many as in the path template. Literal segments are compared without case.
        """
        values: list[str] = []
        for expected, segment in zip(self.segments, segments, strict=True):
            if expected is None and segment:
                values.append(segment)
            elif expected != segment.lower():
                return None
        return tuple(values)

    def operation(self, request: Request, *, any_version: bool = False) -> Operation:
        """Return the operation a request is for.

        Args:
            request: The request.
            any_version: Whether an API version that is missing or unknown counts as the newest that has the operation.

        Raises:
            ServiceError: The API version is missing, ambiguous or unknown to the route, or the version's
                contract has no such method.
        """
        requested = _requested_versions(request.query)
        version, *others = requested or (None,)
        if others:
            raise errors.version_ambiguous(requested, self.versions)
        if any_version and version not in self.operations:
            version = self._newest_with(request.method)
        if version is None:
            raise errors.version_missing(self.versions)
        if version not in self.operations:
            uri = f"http://{request.header('host') or ''}{request.path}"
            raise errors.version_unsupported(uri, version, self.versions)
        methods = self.operations[version]
        if request.method not in methods:
            others = [other for other in sorted(self.operations) if request.method in self.operations[other]]
            raise errors.method_not_allowed(version, ", ".join(sorted(methods)), request.method, others)
        return methods[request.method]

    def _newest_with(self, method: str) -> str:
        having = [version for version, methods in self.operations.items() if method in methods]
        return max(having or self.operations)


# Not frozen: there is one for each request, and making a frozen one takes three times as long.
@dataclass(slots=True)
class Match:
    """A route that a path fits, with the decoded values of the path parameters."""

    route: Route
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """Every route of every API version."""

    routes: tuple[Route, ...]

    def match(self, path: str) -> Match | None:
        """Return the route that a percent-encoded path fits, or None.

        A trailing slash does not matter, as in ASP.NET Core.

        >>> load_contract().match("/identities/8%3Aacs%3A1_2/:issueAccessToken").arguments
        ('8:acs:1_2',)
        """
        segments = path.split("/")
        if len(segments) > 1 and not segments[-1]:
            segments.pop()
        if "%" in path:
            segments = [unquote(segment) if "%" in segment else segment for segment in segments]
        for route in self._routes_by_length.get(len(segments), ()):
            arguments = route.arguments(segments)
            if arguments is not None:
                return Match(route, arguments)
        return None

    def nearest(self, path: str) -> str | None:
        """Return the path template that a path which fits none is most like, or None.

        >>> load_contract().nearest("/identities/8:acs:1_2/issueAccessToken")
        '/identities/{id}/:issueAccessToken'
        """
        text = _ID.sub("{}", unquote(path[:500]))
        near = get_close_matches(text, [route.key for route in self.routes], n=1, cutoff=0.7)
        return next((route.path for route in self.routes if route.key in near), None)

    @cached_property
    def _routes_by_length(self) -> Mapping[int, list[Route]]:
        found: dict[int, list[Route]] = {}
        for route in self.routes:
            found.setdefault(len(route.segments), []).append(route)
        return found

    def operation(self, version: str, method: str, path: str) -> Operation:
        """Return the operation with exactly this path template.

        Raises:
            KeyError: There is none.
        """
        for route in self.routes:
            if route.path == path and method in route.operations.get(version, {}):
                return route.operations[version][method]
        raise KeyError(f"{method} {path} in API version {version}")


@functools.lru_cache(maxsize=128)
def _requested_versions(query: str) -> tuple[str, ...]:
    parameters = parse_qsl(query, keep_blank_values=True)
    return tuple(dict.fromkeys(value for name, value in parameters if name.lower() == "api-version" and value))


@functools.cache
def load_contract() -> Contract:
    """Read the contract of every API version that ships with ``acs_identity_rest``.

    >>> load_contract().match("/teamsUser/:exchangeAccessToken").route.versions.split(", ")[-1]
    '2026-09-23'
    """
    found: dict[str, dict[str, dict[str, Operation]]] = {}
    folder = files("acs_identity_rest") / "contract"
    shared = {
        f"../{file.name}": json.loads(file.read_text("utf-8")) for file in folder.iterdir() if file.name[-5:] == ".json"
    }
    for version in sorted(entry.name for entry in folder.iterdir() if entry.is_dir()):
        content = json.loads((folder / version / "CommunicationIdentity.json").read_text("utf-8"))
        document = Document(version, content, shared)
        for path, item in content["paths"].items():
            for method in (name for name in _METHODS if name in item):
                operation = _operation(document, method, path, item)
                found.setdefault(path, {}).setdefault(version, {})[operation.method] = operation
    return Contract(tuple(Route(path, versions) for path, versions in found.items()))


def _operation(document: Document, method: str, path: str, item: Schema) -> Operation:
    description = item[method]
    parameters = map(document.resolve, [*item.get("parameters", ()), *description.get("parameters", ())])
    body = next((parameter for parameter in parameters if parameter["in"] == "body"), None)
    return Operation(
        version=document.version,
        method=method.upper(),
        path=path,
        consumes=tuple(description.get("consumes") or document.content.get("consumes", ())),
        body=body and body["schema"],
        body_required=bool(body and body.get("required")),
        responses={
            int(status): response.get("schema")
            for status, response in description["responses"].items()
            if status.startswith("2")
        },
        document=document,
    )
