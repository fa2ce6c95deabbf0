"""A plugin that holds every response an emulator gives in a test against the contract of its API version."""

import json
import re
from collections.abc import Generator, Iterator
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest
from jsonschema import Draft4Validator, FormatChecker

from acs_identity_emulator import Emulator, Request, Response

# Recordings of the live service of 2023 to 2025.
ON_EVERY_ANSWER = {
    "Date": r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT",
    "MS-CV": r"[A-Za-z0-9+/]{22}(\.2)?\.0",
    "Request-Context": "appId=",
    "Strict-Transport-Security": "max-age=31536000;includeSubDomains",
    "X-Azure-Ref": r"[A-Za-z0-9+/]+=*",
    "X-Cache": "CONFIG_NOCACHE",
    "X-Processing-Time": r"\d+ms",
}
JSON_WITH_CHARSET = "application/json; charset=utf-8"
ERROR = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "additionalProperties": False,
            "properties": {name: {"type": "string", "minLength": 1} for name in ("code", "message", "target")},
        }
    },
}
# What no recording has, and what is only there for a reason of its own.
ONLY_WITH_STATUS = {"allow": {405}, "retry-after": {429, 503}}

formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@cache
def documents() -> dict[str, Any]:
    """The contract of every API version, with the shared definitions in it and closed objects."""
    folder = files("acs_identity_rest") / "contract"
    common = json.loads((folder / "common.json").read_text("utf-8"))
    found: dict[str, Any] = {}
    for version in sorted(entry.name for entry in folder.iterdir() if entry.is_dir()):
        text = (folder / version / "CommunicationIdentity.json").read_text("utf-8")
        document = json.loads(text.replace("../common.json#", "#"))
        document["definitions"] = {**common["definitions"], **document["definitions"]}
        for definition in document["definitions"].values():
            if "properties" in definition:
                definition.setdefault("additionalProperties", False)
            if definition.get("x-ms-enum", {}).get("modelAsString"):
                # Such an enumeration is open: other values are legal.
                del definition["enum"]
        found[version] = document
    return found


def check(request: Request, response: Response) -> None:
    """Make sure that a response is one that the contract of its API version and the recordings know.

    Raises:
        AssertionError: It is not; names method, path template, API version and the place.
    """
    for problem in _problems(request, response):
        raise AssertionError(f"{_subject(request)} answered {response.status}: {problem}")


class Conformance:
    """The pytest plugin: a test in which an emulator gives another response than the contract's fails."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._patch = pytest.MonkeyPatch()

    def pytest_sessionstart(self) -> None:
        handle = Emulator.handle

        def checked(emulator: Emulator, request: Request) -> Response:
            response = handle(emulator, request)
            if "api-version" in emulator.loose:
                # The contract of which version was meant, only the emulator knows.
                return response
            try:
                check(request, response)
            except AssertionError as problem:
                # A server answers in a thread of its own, where nobody would see the exception.
                self.problems.append(str(problem))
            return response

        self._patch.setattr(Emulator, "handle", checked)

    def pytest_sessionfinish(self) -> None:
        self._patch.undo()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        return (yield from self._checked())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        return (yield from self._checked())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        return (yield from self._checked())

    def _checked(self) -> Generator[None, object, object]:
        self.problems.clear()
        result = yield
        if self.problems:
            pytest.fail("\n".join(["The emulator does not keep to the contract.", *self.problems]), pytrace=False)
        return result


def _problems(request: Request, response: Response) -> Iterator[str]:
    if response.cut == "reset":
        # There is no answer.
        return
    yield from _header_problems(request, response)
    _, supported = _route(request.path)
    listed = response.header("api-supported-versions")
    if listed != ", ".join(supported) and (listed is not None or response.status < 400):
        yield f"api-supported-versions is {listed}, the contracts with this path are {supported}"
    operation = _operation(request)
    responses: dict[str, Any] = operation["responses"] if operation else {}
    if response.status >= 400 and str(response.status) not in responses:
        yield from _error_problems(response)
    elif str(response.status) not in responses:
        yield f"the contract has {sorted(responses)}" if operation else "the contract has no such operation"
    else:
        yield from _success_problems(request, response, responses[str(response.status)].get("schema"))


def _success_problems(request: Request, response: Response, schema: dict[str, Any] | None) -> Iterator[str]:
    for name in ("Transfer-Encoding", "x-emulator-reason"):
        if response.header(name) is not None:
            yield f"a success has no {name}"
    if schema is None:
        if response.body or response.header("Content-Type") or response.header("Content-Length"):
            yield "an answer without schema has neither body, Content-Type nor Content-Length"
        return
    if response.header("Content-Type") != JSON_WITH_CHARSET:
        yield f"Content-Type is {response.header('Content-Type')}"
    if response.header("Content-Length") != str(len(response.body)):
        yield f"Content-Length is {response.header('Content-Length')}, the body has {len(response.body)} bytes"
    if response.header("Accept-Ranges") != ("bytes" if request.method == "GET" else None):
        yield "Accept-Ranges is there with GET only"
    yield from _body_problems(_validator(_version(request), json.dumps(schema)), response.body)


def _error_problems(response: Response) -> Iterator[str]:
    expected = {"Content-Type": "application/json", "Transfer-Encoding": "chunked", "Content-Length": None}
    for name, value in expected.items():
        if response.header(name) != value:
            yield f"{name} of an error is {response.header(name)}"
    if not re.fullmatch("[ -~]+", response.header("x-emulator-reason") or ""):
        yield "x-emulator-reason is not one line of ASCII"
    yield from _body_problems(_ERROR, response.body)


def _header_problems(request: Request, response: Response) -> Iterator[str]:
    for name, pattern in ON_EVERY_ANSWER.items():
        if not re.fullmatch(pattern, response.header(name) or ""):
            yield f"{name} is {response.header(name)!r}"
    if response.header("x-ms-client-request-id") != request.header("x-ms-client-request-id"):
        yield "x-ms-client-request-id is not that of the request"
    always = {name.lower() for name in ON_EVERY_ANSWER} | {
        "content-type", "content-length", "transfer-encoding", "accept-ranges", "api-supported-versions",
        "x-ms-client-request-id",
    }  # fmt: skip
    for name, value in response.headers.items():
        key = name.lower()
        known = key in always or key.startswith("x-emulator-") or response.status in ONLY_WITH_STATUS.get(key, ())
        if not known:
            yield f"no recording has a header {name}"
        if re.search(r"[\r\n\0]", value):
            yield f"{name} has more than one line"


def _body_problems(validator: Any, body: bytes) -> Iterator[str]:
    try:
        members = json.loads(body)
    except ValueError:
        yield "the body is not JSON"
        return
    for problem in validator.iter_errors(members):
        yield f"{problem.json_path}: {problem.message}"


@cache
def _validator(version: str, schema: str) -> Any:
    closed = {**json.loads(schema), "definitions": documents()[version]["definitions"]}
    return Draft4Validator(closed, format_checker=formats)


_ERROR = Draft4Validator(ERROR)


@cache
def _version_of(query: str) -> str:
    parameters = {name.lower(): values for name, values in parse_qs(query).items()}
    return parameters.get("api-version", [""])[0]


def _version(request: Request) -> str:
    return _version_of(request.target.partition("?")[2])


@cache
def _routes() -> dict[str, tuple[list[str], list[str]]]:
    """The segments of every path template, and the versions that have it."""
    templates = sorted({template for document in documents().values() for template in document["paths"]})
    return {
        template: (
            template.lower().split("/"),
            [version for version, document in documents().items() if template in document["paths"]],
        )
        for template in templates
    }


def _route(path: str) -> tuple[str | None, list[str]]:
    """The path template a path fits, and the versions that have it."""
    given = [unquote(segment).lower() for segment in path.removesuffix("/").split("/")]
    for template, (segments, versions) in _routes().items():
        if len(segments) == len(given) and all(
            bool(segment) if part.startswith("{") else part == segment
            for part, segment in zip(segments, given, strict=True)
        ):
            return template, versions
    return None, []


def _operation(request: Request) -> Any:
    template, versions = _route(request.path)
    version = _version(request)
    return documents()[version]["paths"][template].get(request.method.lower()) if version in versions else None


def _subject(request: Request) -> str:
    return f"{request.method} {_route(request.path)[0] or 'an unknown path'}, {_version(request)}"
