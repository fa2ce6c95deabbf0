"""Signs a request with the access key, and shows how."""

import shlex
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from acs_identity.cli.exits import NO_CREDENTIAL, USAGE, CommandError
from acs_identity.cli.output import Format, note, write
from acs_identity.cli.request import Body, Method, Url, body_of, checked_method, content_type_of, whole_url
from acs_identity.cli.session import KEY, Session, with_session

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})

app: typer.Typer = typer.Typer(add_completion=False, rich_markup_mode=None)


class View(StrEnum):
    """What is shown of a signed request."""

    STRING_TO_SIGN = "string-to-sign"
    HEADERS = "headers"
    CURL = "curl"
    HTTP = "http"


@app.command()
@with_session
def sign(
    session: Session,
    method: Method,
    url: Url,
    body: Body = None,
    date: Annotated[
        str | None,
        typer.Option("--date", metavar="TIME", help="When it is signed: an HTTP date or ISO 8601. Now by default."),
    ] = None,
    view: Annotated[View | None, typer.Option("--as", help="Show only this, as plain text.")] = None,
) -> None:
    """Sign a request with the access key: the string to sign, the headers, a curl command and an .http file.

    Nothing is sent. The service takes the signature for some minutes, for this request alone.

    For instance: acs-identity sign POST /identities --as curl --show-secrets
    """
    from acs_identity import _signing
    from acs_identity._endpoint import authority_of

    if view is not None and (session.output is not None or session.query is not None):
        raise CommandError("Give either --as, which is plain text, or --output and --query.", USAGE)
    if session.target.key is None:
        raise CommandError(f"Signing needs an access key: set {KEY}, or give a connection string.", NO_CREDENTIAL)
    method = checked_method(method)
    try:
        address = _signing.canonical_url(whole_url(session, url))
        key = _signing.decode_access_key(session.target.key)
    except ValueError as error:
        raise CommandError(str(error), USAGE) from error
    content = body_of(session, body)
    parts = urlsplit(address)
    headers = _signing.sign(method, address, content, key, datetime.now(UTC) if date is None else _date(date))
    text = _signing.string_to_sign(
        method,
        _signing.target_of(parts),
        authority_of(parts),
        headers["x-ms-date"],
        headers["x-ms-content-sha256"],
    )
    if content:
        headers["Content-Type"] = content_type_of(method)
    if session.printer.redacts:
        headers["Authorization"] = headers["Authorization"].partition("Signature=")[0] + "Signature=***"
        note("The signature is redacted on a terminal; to see it, add --show-secrets.")
    views = {
        View.STRING_TO_SIGN: text,
        View.HEADERS: "\n".join(f"{name}: {value}" for name, value in headers.items()),
        View.CURL: _curl(method, address, headers, body, content),
        View.HTTP: _http(method, address, headers, body, content),
    }
    if view is not None:
        write(views[view])
    elif session.printer.format is Format.TABLE:
        write("\n\n".join(f"{name}\n{'-' * len(name)}\n{shown}" for name, shown in views.items()))
    else:
        session.print({"string_to_sign": text, "headers": headers, "curl": views[View.CURL], "http": views[View.HTTP]})


def _date(text: str) -> datetime:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            date = read(text)
        except ValueError:
            continue
        return date if date.tzinfo else date.replace(tzinfo=UTC)
    raise CommandError(f"--date {text!r} is no time. Write it like 2026-11-23T10:00:00Z.", USAGE)


def _curl(method: str, url: str, headers: dict[str, str], body: str | None, content: bytes) -> str:
    words = ["curl", "--request", method, url]
    for name, value in headers.items():
        words += ["--header", f"{name}: {value}"]
    if content:
        # --data-raw alone takes a text that begins with @ for what it is.
        file = _file(body, content)
        words += ["--data-raw", content.decode()] if file is None else ["--data-binary", f"@{file}"]
    elif method in _WITH_BODY:
        # Servers want to know the length even where there is no body.
        words += ["--header", "Content-Length: 0"]
    return shlex.join(words)


def _http(method: str, url: str, headers: dict[str, str], body: str | None, content: bytes) -> str:
    lines = [f"{method} {url}", *(f"{name}: {value}" for name, value in headers.items())]
    if content:
        # By its name a file stays what was hashed, to the last line end.
        file = _file(body, content)
        lines += ["", content.decode() if file is None else f"< {file}"]
    return "\n".join(lines)


def _file(body: str | None, content: bytes) -> str | None:
    """Return the file that the body is in, - for stdin; None for a body that can stand in a command as it is."""
    if body is not None and body.startswith("@"):
        return body[1:]
    try:
        # No command takes a NUL as an argument.
        return "-" if "\0" in content.decode() else None
    except UnicodeDecodeError:
        return "-"
