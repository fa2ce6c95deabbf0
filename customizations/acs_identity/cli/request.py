"""The request that a person describes at the command line: method, path, body and headers."""

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import parse_qs, urlsplit

import typer

from acs_identity.cli.exits import USAGE, CommandError

if TYPE_CHECKING:
    from acs_identity.cli.session import Session

Method = Annotated[str, typer.Argument(metavar="METHOD", help="For example GET or POST.")]
Url = Annotated[
    str, typer.Argument(metavar="PATH", help="A path such as /identities, or a whole URL. It gets an api-version.")
]
Body = Annotated[
    str | None, typer.Option("--body", "-d", metavar="TEXT|@FILE|-", help="The body: text, a file, or - for stdin.")
]

_METHOD: Final = re.compile(r"[A-Za-z]+")


def checked_method(method: str) -> str:
    """Return a method in upper case.

    Raises:
        CommandError: It is none.
    """
    if not _METHOD.fullmatch(method):
        raise CommandError(f"{method!r} is no method. For instance: GET, POST, PUT, PATCH, DELETE.", USAGE)
    return method.upper()


def content_type_of(method: str) -> str:
    """Return the content type that the contracts have for the body of a method."""
    return "application/merge-patch+json" if method == "PATCH" else "application/json"


def whole_url(session: "Session", url: str) -> str:
    """Return the absolute URL that is meant, with an API version.

    Args:
        session: Has the endpoint and the API version.
        url: A path, or a URL.

    Raises:
        CommandError: It is neither.
    """
    from acs_identity._endpoint import authority_of

    if not url.lower().startswith(("/", "http://", "https://")):
        raise CommandError(f"{url!r} is no path: it begins with / or with https://.", USAGE)
    if url.startswith("/"):
        url = session.target.endpoint.rstrip("/") + url
    url = url.partition("#")[0].rstrip("?")
    try:
        parts = urlsplit(url)
        authority_of(parts)
    except ValueError as error:
        raise CommandError("The URL is malformed: its host or port cannot be read.", USAGE) from error
    versions = parse_qs(parts.query, keep_blank_values=True).get("api-version")
    if versions is None:
        return f"{url}{'&' if parts.query else '?'}api-version={session.version}"
    if session.api_version not in {None, versions[0]}:
        raise CommandError("--api-version is not the api-version of the URL. Give one of them.", USAGE)
    return url


def body_of(session: "Session", text: str | None) -> bytes:
    """Return the body that an option names; empty without one.

    Args:
        session: Its key may be read from stdin as well.
        text: The option.

    Raises:
        CommandError: Key and body are both to come from stdin, or no file is named.
        OSError: The file cannot be read.
    """
    if text is None:
        return b""
    if text == "-":
        if session.key == "-":
            raise CommandError("The key and the body cannot both come from stdin.", USAGE)
        return sys.stdin.buffer.read()
    if text == "@":
        raise CommandError("--body @ names no file: @FILE reads one.", USAGE)
    # What was typed, byte for byte, whatever the encoding of the terminal.
    return Path(text[1:]).read_bytes() if text.startswith("@") else os.fsencode(text)
