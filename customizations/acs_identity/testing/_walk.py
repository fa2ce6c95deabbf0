"""Goes over all that an interaction has: which value is where, by the contract, Entra ID and HTTP."""

import re
from abc import ABC, abstractmethod
from copy import deepcopy
from typing import Any, cast
from urllib.parse import SplitResult, quote, quote_plus, unquote, unquote_plus, urlsplit

from ._bodies import read_body
from ._fakes import FAKE_HOST
from ._json_text import rewrite_json
from ._times import HTTP_EPOCH, Times, without_times
from ._vocabulary import (
    CREDENTIAL_HEADER,
    KEPT_OF_ANSWER,
    KEPT_OF_REQUEST,
    LOGIN_HOST,
    OUR_HOST,
    OUR_PATH,
    PASSING_HEADER,
    PUBLIC_HOSTS,
    SEGMENT_KINDS,
    TIMES,
    member_kind,
)

Interaction = dict[str, Any]
"""A request and its answer, as vcrpy gives them to a serializer.

``{"request": {"method", "uri", "body": str | bytes | None, "headers": {name: [values]}}, "response": {"status":
{"code", "message"}, "headers": {name: [values]}, "body": {"string": str | bytes}}}``
"""


class Walk(ABC):
    """What is done with the values is for a subclass to say.

    Attributes:
        is_ours: Whether the request that it is at is one to Azure Communication Services.
        is_login: Whether it is one to Entra ID.
        times: The times of the answer.
    """

    is_ours = False
    is_login = False
    times = Times([], "")

    @abstractmethod
    def named(self, kind: str, value: str) -> str:
        """Take a value of a known kind; return what to write."""

    @abstractmethod
    def text(self, text: str) -> str:
        """Take a text in which values can be; return what to write."""

    @abstractmethod
    def dropped(self, name: str, value: str) -> None:
        """Take a header that is not kept; its name is in small letters."""

    def interaction(self, interaction: Interaction) -> Interaction:
        """Return the interaction as it is to be written; the given one is not changed."""
        new = deepcopy(interaction)
        request: dict[str, Any] = new.get("request") or {}
        response: dict[str, Any] = new.get("response") or {}
        body: dict[str, Any] = response.get("body") or {}
        uri = str(request.get("uri", ""))
        self._set_side(uri)
        sent = read_body(request.get("body"), ",".join(_values(request, "content-encoding")))
        got = read_body(body.get("string"), ",".join(_values(response, "content-encoding")))
        self.times = Times(_values(response, "date"), got.text)
        if request:
            request["uri"] = self._uri(uri)
            text = self._body(sent.text, _values(request, "content-type"))
            request["headers"] = self._headers(request, KEPT_OF_REQUEST, sent.size(text))
            request["body"] = sent.written(text)
        if response:
            status: dict[str, Any] = response.get("status") or {}
            if isinstance(status.get("message"), str):
                status["message"] = self.text(status["message"])
            text = self._body(got.text, _values(response, "content-type"))
            is_head = str(request.get("method")).upper() == "HEAD"
            response["headers"] = self._headers(response, KEPT_OF_ANSWER, None if is_head else got.size(text))
            if body:
                body["string"] = got.written(text)
        return new

    def _set_side(self, uri: str) -> None:
        try:
            parts = urlsplit(uri)
            self.is_login = LOGIN_HOST.fullmatch(parts.hostname or "") is not None
            self.is_ours = _is_ours(parts)
        except ValueError:
            self.is_login = self.is_ours = False

    def _uri(self, uri: str) -> str:
        try:
            parts = urlsplit(uri)
            is_ours = _is_ours(parts)
        except ValueError:
            return self.text(uri)
        if parts.netloc:
            user, _, host = parts.netloc.rpartition("@")
            for credential in (user, *user.split(":")):
                self.named("credential", unquote(credential))
            if is_ours:
                self.named("host", host)
                self.named("endpoint", f"{parts.scheme}://{host}")
                parts = parts._replace(scheme="https", netloc=FAKE_HOST)
            else:
                parts = parts._replace(netloc=self.text(host))
        path = self._path(parts.path) if is_ours or self.is_login else self.text(parts.path)
        return parts._replace(path=path, query=self._form(parts.query), fragment=self.text(parts.fragment)).geturl()

    def _path(self, path: str) -> str:
        segments = path.split("/")
        before = ""
        for index, segment in enumerate(segments):
            kind = "tenant id" if self.is_login and index == 1 else SEGMENT_KINDS.get(before.lower())
            before = segment
            plain = _decoded(segment)
            if kind and plain and not plain.startswith(":"):
                new = self.named(kind, plain)
                segments[index] = segment if new == plain else quote(new, safe="" if "%" in segment else ":@+,;=")
            else:
                segments[index] = self.text(segment)
        return "/".join(segments)

    def _form(self, form: str) -> str:
        pairs: list[str] = []
        for pair in form.split("&"):
            name, equals, spelled = pair.partition("=")
            # In JSON a code is one of an error.
            kind = "credential" if name == "code" else member_kind(unquote_plus(name), is_ours=self.is_ours)
            plain = unquote_plus(spelled)
            new = self.named(kind, plain) if kind else self._other_string(plain)
            pairs.append(f"{self.text(name)}{equals}{self.text(spelled) if new == plain else quote_plus(new)}")
        return "&".join(pairs)

    def _body(self, text: str, content_types: list[str]) -> str:
        start = text.lstrip("\ufeff \t\r\n")[:1]
        is_form = any("x-www-form-urlencoded" in value.lower() for value in content_types)
        if start and start in '{["':
            text = rewrite_json(text, self._string, self._number)
        elif is_form or (self.is_login and re.match(r"[\w-]+=", text)):
            text = self._form(text)
        return self.text(text)

    def _string(self, name: str, value: str) -> str:
        if kind := member_kind(name, is_ours=self.is_ours):
            return self.named(kind, value)
        if name in TIMES and (moved := self.times.moved(value)):
            return moved
        return self._other_string(value)

    def _other_string(self, value: str) -> str:
        if re.fullmatch(r"https?://\S+", value):
            return self._uri(value)
        value = self.text(value)
        return without_times(value) if self.is_ours or self.is_login else value

    def _number(self, name: str, spelled: str) -> str:
        moved = self.times.moved(spelled) if name in ("expires_on", "not_before") else None
        return self.text(spelled) if moved is None else moved

    def _headers(self, message: dict[str, Any], kept: set[str], size: int | None) -> dict[str, Any]:
        headers: dict[str, Any] = {}
        given = cast("dict[str, Any]", message.get("headers") or {})
        names = {name.lower() for name in given}
        for name, values in given.items():
            new = [text for value in _listed(values) if (text := self._header(name.lower(), value, kept)) is not None]
            if name.lower() == "content-length" and size is not None:
                new = [str(size)]
            if new:
                headers[self.text(name)] = new if isinstance(values, list) else new[0]
        if "transfer-encoding" in names and "content-length" not in names and size is not None:
            # The answer is played back in one piece, and its end must be known.
            headers["Content-Length"] = [str(size)]
        return headers

    def _header(self, name: str, value: str, kept: set[str]) -> str | None:
        scheme, blank, rest = value.partition(" ")
        if name == "authorization" and scheme.lower() == "bearer":
            # What came of it depends on it: an answer can be that it has expired.
            return f"{scheme}{blank}{self.named('token', rest.strip())}"
        is_by_default = not (self.is_ours or self.is_login) and not CREDENTIAL_HEADER.search(name)
        if name not in kept and not (is_by_default and not PASSING_HEADER.search(name)):
            self.dropped(name, value)
            return None
        if name == "date":
            return HTTP_EPOCH
        if name == "retry-after" and (moved := self.times.moved_http(value)):
            return moved
        return self._uri(value) if name == "location" else self.text(value)


def _is_ours(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if LOGIN_HOST.fullmatch(host) or host in PUBLIC_HOSTS:
        return False
    if OUR_HOST.fullmatch(host) or OUR_PATH.match(parts.path):
        return True
    # Behind a proxy that adds something before the path.
    return "api-version=" in parts.query and bool(OUR_PATH.search(parts.path)) and host != "graph.microsoft.com"


def _decoded(segment: str) -> str:
    for _ in range(3):
        plain = unquote(segment)
        if plain == segment:
            break
        segment = plain
    return segment


def _values(message: dict[str, Any], name: str) -> list[str]:
    headers = cast("dict[str, Any]", message.get("headers") or {})
    return [value for key, values in headers.items() if key.lower() == name for value in _listed(values)]


def _listed(values: object) -> list[str]:
    # vcrpy gives a list of values when it reads a cassette and one value when it records.
    return [str(value) for value in (cast("list[object]", values) if isinstance(values, list) else [values])]
