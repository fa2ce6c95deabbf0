"""What is often signed by mistake in the place of the right string to sign, as lists of things to try.

Sources: how the official clients for .NET, Java, JavaScript and Python spell host and path, and what people report of
signing by hand.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode

from .comparison import Parts, quoted, spellings
from .messages import Request
from .times import format_http_date, parse_http_date

Part = Literal["method", "target", "date", "host", "content_hash"]

EMPTY_HASH = base64.b64encode(hashlib.sha256(b"").digest()).decode("ascii")

# Making a long JSON body anew, several times, would take longer than all else.
_LONGEST_JSON = 16_384
_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]", "emulator.localhost", "host.docker.internal")
_ESCAPE = re.compile("%[0-9a-f]{2}", re.IGNORECASE)
_METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One part of the string to sign that the client may have signed otherwise.

    Attributes:
        part: The part.
        value: What may have been signed.
        what: The same in words, after "you signed".
        is_common: Whether it is worth trying together with another one.
    """

    part: Part
    value: str
    what: str
    is_common: bool = False


def suspicions(request: Request, parts: Parts) -> Iterator[Suspicion]:
    """Yield what may have been signed in the place of one part, the likeliest first."""
    seen: set[tuple[Part, str]] = {("target", target) for target in spellings(parts.target)}
    seen |= {(part, getattr(parts, part)) for part in ("method", "date", "host", "content_hash")}
    for suspicion in (
        *hosts(request, parts.host),
        *_targets(request, parts),
        *_content_hashes(request.body),
        *_dates(request, parts.date),
        *_other_methods(parts.method),
    ):
        if (suspicion.part, suspicion.value) not in seen:
            seen.add((suspicion.part, suspicion.value))
            yield suspicion


def hosts(request: Request, host: str) -> Iterator[Suspicion]:
    """Yield other spellings of the Host header, and the hosts that a proxy says the client called."""
    name, port = _name_and_port(host)

    def suspect(value: str, what: str, *, is_common: bool = False) -> Suspicion:
        return Suspicion("host", value, f"the host {quoted(value)} {what}", is_common)

    yield suspect(f"{host}/", "with a slash at its end", is_common=True)
    yield suspect(name, "without its port", is_common=True)
    for header in ("x-forwarded-host", "x-original-host"):
        forwarded = request.header(header)
        if forwarded:
            first = forwarded.partition(",")[0].strip()
            yield suspect(first, f"that a proxy put into {header}", is_common=True)
            yield suspect(f"{first}:{request.header('x-forwarded-port') or port}", "that a proxy names, with its port")
    for default in ("80", "443"):
        if not port:
            yield suspect(f"{name}:{default}", f"with the default port {default}, which is not sent", is_common=True)
    if host.lower() != host:
        yield suspect(host.lower(), "in lower case", is_common=True)
    for scheme in ("https", "http"):
        yield suspect(f"{scheme}://{host}", "with the scheme before it", is_common=True)
        yield suspect(f"{scheme}://{host}/", "with the scheme before it and a slash at its end")
    for end in _endings(request.path):
        yield suspect(f"{host}{end}", "with a part of the path, that of the endpoint")
    for local in _LOCAL_NAMES:
        if name in _LOCAL_NAMES:
            yield suspect(f"{local}:{port}" if port else local, "by another name of the same machine")
    for value in (host.capitalize(), host.title(), host.upper()):
        yield suspect(value, "in another case")
    yield suspect(f"{name}/", "without its port and with a slash at its end")
    yield suspect("", "left empty")


def hashed_instead(body: bytes, content_hash: str) -> str | None:
    """Return in words what a content hash is the hash of, or how it is written; None when that is not found."""
    return next((found.what for found in _content_hashes(body) if found.value == content_hash), None)


LAYOUTS: tuple[tuple[str, Callable[[Parts], str]], ...] = (
    (r"with \r\n as line ends", lambda parts: str(parts).replace("\n", "\r\n")),
    ("with a line end after the last line", lambda parts: f"{parts}\n"),
    ("with commas between the values", lambda parts: _laid_out(parts, ",")),
    ("with a blank after each semicolon", lambda parts: _laid_out(parts, "; ")),
    ("with each value in a line of its own", lambda parts: _laid_out(parts, "\n")),
    ("with & between the values", lambda parts: _laid_out(parts, "&")),
    ("with a backslash and an n in the place of line ends", lambda parts: str(parts).replace("\n", "\\n")),
    ("without line ends", lambda parts: str(parts).replace("\n", "")),
    ("without the line of the method", lambda parts: str(parts).partition("\n")[2]),
    (
        "with a ? of its own line between path and query",
        lambda parts: str(parts).replace("?", "\n", 1),
    ),
    (
        "with the names of the headers before their values",
        lambda parts: (
            f"{parts.method}\n{parts.target}\n"
            f"x-ms-date:{parts.date};host:{parts.host};x-ms-content-sha256:{parts.content_hash}"
        ),
    ),
    ("without the content hash", lambda parts: str(parts).rpartition(";")[0]),
    *(
        (
            f"with the values in the order {', '.join(names)}",
            lambda parts, names=names: (
                f"{parts.method}\n{parts.target}\n" + ";".join(getattr(parts, name.replace(" ", "_")) for name in names)
            ),
        )
        for names in list(permutations(("date", "host", "content hash")))[1:]
    ),
)
"""Other layouts of a string to sign: in words, and as functions of its parts."""

ENCODINGS = ("utf-16-le", "utf-16-be", "utf-16", "utf-8-sig")
"""Other encodings of a string to sign."""

KNOWN_KEYS = {
    "the key of the other emulator of Communication Services": "pw==",
    "the key of the storage emulator": (
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    ),
    "the key of the Cosmos DB emulator": (
        "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="
    ),
}
"""Development keys of other emulators, which are published, in base64."""


def _laid_out(parts: Parts, separator: str) -> str:
    values = separator.join((parts.date, parts.host, parts.content_hash))
    return f"{parts.method}\n{parts.target}\n{values}"


def _name_and_port(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    return (name, port) if colon and port.isdecimal() else (host, "")


def _endings(path: str) -> list[str]:
    """Return what of a path may be the path of the endpoint: all before the first segment of an operation."""
    found = re.search(r"/(?:identities|teamsUser|access)(?:/|$)", path, re.IGNORECASE)
    return [path[: found.start()]] if found and found.start() else []


def _targets(request: Request, parts: Parts) -> Iterator[Suspicion]:
    target = parts.target
    path, mark, query = target.partition("?")
    end = f"{mark}{query}"
    *_, escaped = (spelling.partition("?")[0] for spelling in spellings(target))

    def suspect(value: str, what: str, *, is_common: bool = False) -> Suspicion:
        return Suspicion("target", value, what, is_common)

    yield suspect(path, "the path without its query", is_common=True)
    yield suspect(unquote(path) + end, "the path with its percent-escapes resolved", is_common=True)
    yield suspect(unquote(target), "path and query with their percent-escapes resolved", is_common=True)
    yield suspect(path.replace(":", "%3A") + end, "the path with every colon percent-encoded", is_common=True)
    yield suspect(quote(escaped, safe="/:") + end, "the path percent-encoded once more", is_common=True)
    yield suspect(quote(escaped, safe="/") + end, "the path percent-encoded once more, its colons as well")
    yield suspect(_ESCAPE.sub(lambda match: match[0].lower(), target), "percent-escapes in lower case")
    yield suspect(_ESCAPE.sub(lambda match: match[0].upper(), target), "percent-escapes in upper case")
    pairs = parse_qsl(query, keep_blank_values=True)
    for what, ordered in (("another spelling", pairs), ("another order and spelling", sorted(pairs))):
        yield suspect(f"{path}?{urlencode(ordered)}", f"the query in {what}", is_common=ordered is pairs)
        yield suspect(f"{path}?{urlencode(ordered, quote_via=quote)}", f"the query in {what}")
    yield suspect(f"{path}?{'&'.join(sorted(query.split('&')))}", "the query in another order")
    yield suspect(path + end.replace("+", "%20"), "the query with %20 in the place of +")
    yield suspect(path + end.replace("%20", "+"), "the query with + in the place of %20")
    yield suspect(f"{path}{'/' if not path.endswith('/') else ''}{end}", "the path with a slash at its end")
    yield suspect(path.rstrip("/") + end, "the path without the slash at its end")
    yield suspect(f"/{target}", "the path with another slash before it", is_common=True)
    yield suspect(target.lstrip("/"), "the path without the slash before it")
    yield suspect(re.sub("/{2,}", "/", path) + end, "the path with its double slashes made single")
    for scheme in ("https", "http"):
        yield suspect(f"{scheme}://{parts.host}{target}", "the whole URL in the place of path and query")
    yield suspect(f"{parts.host}{target}", "host and path in the place of the path")
    for prefix in _endings(path):
        yield suspect(target.removeprefix(prefix), "the path without that of the endpoint")
    taken_away = request.header("x-forwarded-prefix")
    if taken_away:
        yield suspect(taken_away.rstrip("/") + target, "the path with the prefix that a proxy took away")
    yield suspect(target.lower(), "path and query in lower case")
    yield suspect(f"{path}?", "the path with an empty query")
    yield suspect("/", "the path /")
    yield suspect("", "no path")


def _content_hashes(body: bytes) -> Iterator[Suspicion]:
    def suspect(value: str, what: str, *, is_common: bool = False) -> Suspicion:
        return Suspicion("content_hash", value, what, is_common)

    digest = hashlib.sha256(body).digest()
    text = base64.b64encode(digest).decode("ascii")
    yield suspect(EMPTY_HASH, "the content hash of an empty body", is_common=True)
    yield suspect(digest.hex(), "the content hash in hexadecimal", is_common=True)
    yield suspect(digest.hex().upper(), "the content hash in hexadecimal, in upper case")
    yield suspect(
        base64.b64encode(digest.hex().encode("ascii")).decode("ascii"), "the content hash as base64 of its hexadecimal"
    )
    yield suspect(text.rstrip("="), "the content hash without its =")
    yield suspect(text.replace("+", "-").replace("/", "_"), "the content hash in url-safe base64")
    yield suspect(text.replace("+", "-").replace("/", "_").rstrip("="), "the content hash in url-safe base64 without =")
    yield suspect("", "an empty content hash")
    for what, other in _other_bodies(body):
        hashed = base64.b64encode(hashlib.sha256(other).digest()).decode("ascii")
        yield suspect(hashed, f"the content hash of {what}")
    for name in ("sha1", "sha512", "md5"):
        hashed = base64.b64encode(hashlib.new(name, body, usedforsecurity=False).digest()).decode("ascii")
        yield suspect(hashed, f"a content hash made with {name.upper()}")


def _other_bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    if not body:
        for text in ("{}", "null", '""'):
            yield f"the body {text}, while none is sent", text.encode("ascii")
        return
    yield "the body without the blanks around it", body.strip()
    yield "the body with a line end after it", body + b"\n"
    yield "the body with a byte order mark", b"\xef\xbb\xbf" + body
    if len(body) > _LONGEST_JSON:
        return
    try:
        text = body.decode("utf-8-sig")
        document: object = json.loads(text)
    except (ValueError, RecursionError):
        return
    yield "the body in UTF-16", text.encode("utf-16-le")
    for what, dumped in (
        ("with no blanks", json.dumps(document, separators=(",", ":"))),
        ("with blanks after , and :", json.dumps(document)),
        ("with no blanks and unescaped", json.dumps(document, separators=(",", ":"), ensure_ascii=False)),
        ("with members in order and no blanks", json.dumps(document, separators=(",", ":"), sort_keys=True)),
        ("with members in order", json.dumps(document, sort_keys=True)),
        ("in lines indented by 2", json.dumps(document, indent=2)),
        ("in lines indented by 4", json.dumps(document, indent=4)),
        ("as a JSON text within quotes", json.dumps(text)),
    ):
        yield f"the same JSON {what}", dumped.encode("utf-8", "replace")


def _dates(request: Request, date: str) -> Iterator[Suspicion]:
    def suspect(value: str, what: str, *, is_common: bool = False) -> Suspicion:
        return Suspicion("date", value, what, is_common)

    for name in ("date", "x-ms-date"):
        other = request.header(name)
        if other is not None and other != date:
            yield suspect(
                other, f"the header {name.replace('date', 'Date') if name == 'date' else name}", is_common=True
            )
    moment = parse_http_date(date)
    if moment is not None:
        for seconds in (1, -1, 2, -2):
            moved = format_http_date(moment + timedelta(seconds=seconds))
            yield suspect(moved, f"the date of a time {abs(seconds)} s {'later' if seconds > 0 else 'earlier'}")
        for value in (
            f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
            f"{moment:%Y-%m-%dT%H:%M:%S}+00:00",
            f"{moment:%Y-%m-%dT%H:%M:%S}",
        ):
            yield suspect(value, "the date in ISO 8601")
        for zone in ("+0000", "-0000", "UTC"):
            yield suspect(date.replace("GMT", zone), f"the date with {zone} in the place of GMT")
        yield suspect(str(int(moment.timestamp())), "the date in seconds")
    yield suspect(date.lower(), "the date in lower case")
    yield suspect("", "an empty date", is_common=True)


def _other_methods(method: str) -> Iterator[Suspicion]:
    yield Suspicion("method", method.lower(), "the method in lower case", is_common=True)
    yield Suspicion("method", method.capitalize(), "the method in another case")
    for other in _METHODS:
        yield Suspicion("method", other, f"the method {other}")
    yield Suspicion("method", "", "no method")
