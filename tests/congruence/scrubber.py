"""Takes every secret out of a recording, by what the contract says is one, and matches what is left by meaning."""

import base64
import json
import re
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

HOST = "sanitized.communication.azure.com"
RESOURCE = "00000000-0000-4000-8000-000000000000"
KEPT_REQUEST_HEADERS = {"accept", "content-type"}
KEPT_RESPONSE_HEADERS = {"content-type", "api-supported-versions", "retry-after"}

_RAW_ID = re.compile(r"8:acs:[0-9a-f]{8}-[0-9a-f-]{27}_[\w-]+")
_FAKE_ID = re.compile(rf"8:acs:{RESOURCE}_(\d{{8}})-0000-0000-0000-000000000000")
FOREIGN_ID = "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000"


class Scrubber:
    """One for each cassette: a real identity id becomes the same fake one wherever it appears, so that flows replay."""

    def __init__(self) -> None:
        self._fakes: dict[str, str] = {FOREIGN_ID: FOREIGN_ID}

    def request(self, request: Any) -> Any:
        """Scrub a request before it is written, and one that is looked up."""
        parts = urlsplit(str(request.uri))
        query = f"?{parts.query}" if parts.query else ""
        request.uri = f"https://{HOST}{self.text(unquote(parts.path))}{query}"
        request.headers = {
            name.title(): _first(value)
            for name, value in request.headers.items()
            if name.lower() in KEPT_REQUEST_HEADERS
        }
        if request.body:
            request.body = self._body(request.body)
        return request

    def response(self, response: dict[str, Any]) -> dict[str, Any]:
        """Scrub an answer before it is written."""
        response["headers"] = {
            name.title(): value for name, value in response["headers"].items() if name.lower() in KEPT_RESPONSE_HEADERS
        }
        body = response["body"].get("string")
        if body:
            response["body"]["string"] = self._body(body)
        return response

    def text(self, text: str) -> str:
        """Replace every identity id of a text by its fake."""
        return _RAW_ID.sub(lambda match: self._fake(match[0]), text)

    def _fake(self, real: str) -> str:
        if _FAKE_ID.fullmatch(real):
            return real
        number = len(self._fakes)
        return self._fakes.setdefault(real, f"8:acs:{RESOURCE}_{number:08}-0000-0000-0000-000000000000")

    def _body(self, body: bytes | str) -> bytes:
        text = body.decode() if isinstance(body, bytes) else body
        return json.dumps(self._value(json.loads(text))).encode()

    def _value(self, value: object, name: str = "") -> Any:
        if isinstance(value, dict):
            members = cast("dict[str, object]", value)
            return {key: self._value(member, key) for key, member in members.items()}
        if isinstance(value, list):
            items = cast("list[object]", value)
            return [self._value(item) for item in items]
        if isinstance(value, str):
            if name == "nextLink":
                return urlsplit(self.text(value))._replace(scheme="https", netloc=HOST).geturl()
            return fake_token(value) if name == "token" else self.text(value)
        return value


def fake_token(token: str) -> str:
    """Return a well-formed, unsigned JWT with the scopes and lifetime of a real one; other tokens become a word."""
    parts = token.split(".")
    if len(parts) != 3 or parts[2] == "fake":
        return token if parts[-1] == "fake" or token == "" else "sanitized"
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    if "acsScope" not in claims:
        return "sanitized"
    kept = {name: claims[name] for name in ("iat", "exp", "acsScope") if name in claims}
    return ".".join([*(_encoded(part) for part in ({"alg": "none", "typ": "JWT"}, kept)), "fake"])


def _encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _first(value: object) -> str:
    # vcrpy gives a list of values when it reads a cassette and one value when it records.
    return str(cast("list[object]", value)[0] if isinstance(value, list) else value)


def same_request(one: Any, other: Any) -> None:
    """Compare method, path, query and JSON body of two scrubbed requests; raise AssertionError where they differ."""
    for what, of_one, of_other in zip(("method", "path", "query", "body"), _meaning(one), _meaning(other), strict=True):
        assert of_one == of_other, f"{what}: {of_one!r} is not {of_other!r}"


def _meaning(request: Any) -> tuple[str, str, list[tuple[str, str]], Any]:
    parts = urlsplit(str(request.uri))
    body = json.loads(request.body) if request.body else None
    return request.method, unquote(parts.path), sorted(parse_qsl(parts.query)), body
