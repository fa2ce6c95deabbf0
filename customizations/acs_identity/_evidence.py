"""What an answer and the request behind it tell, read without failing on whatever they hold."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from azure.core.exceptions import AzureError

from ._endpoint import authority_of

# A refusal of the service has a few hundred characters; what is longer is no refusal of the service.
_JSON_LIMIT = 65_536
_PATH_PARAMETERS = re.compile(r"/(?:identities|tenants|assignments)/([^/]+)")
_OPERATION = re.compile(r"/(?:identities|teamsUser|access)(?:/|$)")
_NO_URL = SplitResult("", "", "", "", "")


@dataclass(frozen=True, slots=True, repr=False)
class SentRequest:
    """A request as it was sent.

    Attributes:
        method: The HTTP method; empty when it is not known.
        url: The parts of the URL; empty ones when it is malformed or not known.
        headers: The headers, names in lower case.
        body: The body; None when it can no longer be told, for example of a stream.
    """

    method: str
    url: SplitResult
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def host(self) -> str:
        """The Host header: the one that was set, or else host and port of the URL."""
        return self.headers.get("host") or authority_of(self.url)

    @property
    def api_version(self) -> str | None:
        """The query parameter api-version."""
        return next(iter(parse_qs(self.url.query).get("api-version", [])), None)

    @property
    def is_operation(self) -> bool:
        """Whether it went to an operation of the service, and not, for example, to Entra ID for a token."""
        return _OPERATION.search(self.url.path) is not None

    @property
    def secrets(self) -> frozenset[str]:
        """What an answer might repeat and nobody may read: ids in the path and body, the token, the signature."""
        members = _json_object((self.body or b"").decode("utf-8", "replace"))
        authorization = self.headers.get("authorization", "")
        ids = [unquote(value) for value in _PATH_PARAMETERS.findall(self.url.path)]
        ids.append(_text(members.get("userId")) or "")
        tokens = [authorization.partition(" ")[2], authorization.partition("Signature=")[2]]
        tokens.append(_text(members.get("token")) or "")
        custom_id = _text(members.get("customId")) or ""
        # A plain word in the place of an id or a token is a mistake, and may be in the service's own sentence as well.
        return frozenset(
            [
                *(value for value in ids if any(map(str.isdigit, value))),
                *(value for value in tokens if len(value) > 7),
                *([custom_id] if len(custom_id) > 2 else []),
            ]
        )


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """An answer and its request.

    Attributes:
        request: The request.
        status: The HTTP status; None when there was no answer.
        headers: The headers of the answer, names in lower case.
        text: The beginning of its body; empty when it was not read or is no text.
        error: The object ``error`` of its body; empty when there is none.
    """

    request: SentRequest
    status: int | None
    headers: Mapping[str, str]
    text: str
    error: Mapping[str, Any]

    @property
    def code(self) -> str | None:
        """The error code of the service."""
        return _text(self.error.get("code"))

    @property
    def message(self) -> str | None:
        """The message of the service."""
        return _text(self.error.get("message"))

    @property
    def target(self) -> str | None:
        """What the error is about."""
        return _text(self.error.get("target"))

    @property
    def strings_to_sign(self) -> tuple[str, str] | None:
        """The string to sign as expected and as signed, where an emulator found out both."""
        comparison = _json_object(self.headers.get("x-emulator-signature", "")[:_JSON_LIMIT])
        sides = [comparison.get(name) for name in ("expected", "received")]
        texts = [_text(cast(dict[str, Any], side).get("string_to_sign")) for side in sides if isinstance(side, dict)]
        match texts:
            case [str() as expected, str() as signed]:
                return expected, signed
            case _:
                return None

    @property
    def request_id(self) -> str | None:
        """The service's id of the request. Recordings of the service show the second and third header only."""
        names = ("x-ms-request-id", "ms-cv", "x-azure-ref")
        return next((self.headers[name] for name in names if name in self.headers), None)

    @property
    def client_request_id(self) -> str | None:
        """The id that the client gave the request."""
        name = "x-ms-client-request-id"
        return self.request.headers.get(name) or self.headers.get(name)


def evidence_of(response: Any) -> Evidence:
    """Read a response of azure-core, of any transport; None gives evidence of nothing."""
    status = getattr(response, "status_code", None)
    text = _body_text(response)[:_JSON_LIMIT]
    error = _json_object(text).get("error")
    return Evidence(
        request=sent_request(getattr(response, "request", None)),
        status=status if isinstance(status, int) else None,
        headers=_headers(response),
        text=text,
        error=cast(Mapping[str, Any], error) if isinstance(error, dict) else {},
    )


def sent_request(request: Any) -> SentRequest:
    """Read a request of azure-core, of ``azure.core.rest`` or of the older pipeline."""
    return SentRequest(
        method=_text(getattr(request, "method", None)) or "",
        url=_parts(getattr(request, "url", None)),
        headers=_headers(request),
        body=_body(request),
    )


def _parts(url: Any) -> SplitResult:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        authority_of(parts)
    except ValueError:
        return _NO_URL
    return parts


def _headers(message: Any) -> dict[str, str]:
    headers = getattr(message, "headers", None)
    if not isinstance(headers, Mapping):
        return {}
    pairs = cast(Mapping[object, object], headers).items()
    return {str(name).lower(): value for name, value in pairs if isinstance(value, str)}


def _body(request: Any) -> bytes | None:
    body = getattr(request, "data", None)
    if getattr(request, "files", None):
        return None
    if isinstance(body, str):
        return body.encode("utf-8", "replace")
    return body if isinstance(body, bytes) else b"" if body is None else None


def _body_text(response: Any) -> str:
    try:
        return _text(response.text()) or ""
    except (AzureError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        # Not read, closed, in an unknown encoding, or no response at all.
        return ""


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
