"""Sends any request, signed."""

import json
import re
import sys
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Annotated, Final
from urllib.parse import parse_qs, unquote, urlsplit

import typer

from acs_identity.cli.exits import REFUSED, USAGE, CommandError
from acs_identity.cli.output import Format, note, printable, write
from acs_identity.cli.request import Body, Method, Url, body_of, checked_method, content_type_of, whole_url
from acs_identity.cli.session import Session, confirm, waiting_for, with_session

# The letters of a token in HTTP. Source: RFC 9110, 5.6.2.
_HEADER_NAME: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_SIGNED: Final = frozenset({"authorization", "host", "content-length", "x-ms-date", "x-ms-content-sha256"})

app: typer.Typer = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
@with_session
def raw(
    session: Session,
    method: Method,
    path: Url,
    body: Body = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", metavar="NAME:VALUE", help="A header; may be repeated.")
    ] = None,
    include: Annotated[bool, typer.Option("--include", "-i", help="Show status and headers, on stderr.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, even before something is deleted.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
) -> None:
    """Send any request, signed, and print the answer as it came: every operation of every API version.

    For instance: acs-identity raw POST /identities --body '{"createTokenWithScopes": ["chat"]}'
    """
    from azure.core.rest import HttpRequest

    from acs_identity._versions import DEFAULT_API_VERSION

    method = checked_method(method)
    url = whole_url(session, path)
    _check_origin(url, session.target.endpoint)
    headers = _headers(header or [])
    content = body_of(session, body)
    if content and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = content_type_of(method)
    _remark(method, url)
    # The URL has the API version: the client need not know it. What is sent raw is sent once.
    with session.client(api_version=DEFAULT_API_VERSION, retry_total=0) as client:
        if dry_run:
            note(f"{method} {url} with {len(content)} bytes; nothing was sent.")
            return
        if _destroys(method, url):
            confirm(f"{method} {urlsplit(url).path}?", yes=yes)
        with waiting_for(session.target.endpoint):
            answer = client.send_request(HttpRequest(method, url, headers=headers, content=content or None))
    if include:
        note(printable(f"{answer.status_code} {answer.reason}"))
        for name, value in answer.headers.items():
            note(f"{name}: {printable(value)}")
    _show(session, answer.content, is_refusal=answer.status_code >= 400)
    answer.raise_for_status()


def _check_origin(url: str, endpoint: str) -> None:
    """Make sure that neither signature nor bearer token goes to somebody else."""
    from acs_identity._connections import origin_of
    from acs_identity._endpoint import normalize_endpoint

    if normalize_endpoint(origin_of(url)) != normalize_endpoint(origin_of(endpoint)):
        raise CommandError(
            f"The URL is not at the endpoint, {endpoint}: the key or sign-in is for no other. Give a path.", USAGE
        )


def _destroys(method: str, url: str) -> bool:
    path = unquote(urlsplit(url).path)
    # PATCH of an identity is how the first preview revokes.
    return method == "DELETE" or ":revoke" in path.lower() or (method == "PATCH" and path.startswith("/identities/"))


def _show(session: Session, content: bytes, *, is_refusal: bool) -> None:
    """Print an answer as it came, unless a format is asked for or a terminal must not show all of it."""
    is_asked = session.output is not None or session.query is not None
    if not (is_asked or sys.stdout.isatty()):
        sys.stdout.buffer.write(content)
        return
    if not content:
        return
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        if is_asked and not is_refusal:
            raise CommandError("The answer is not JSON: leave out --output and --query to see it.", REFUSED) from error
        write("\n".join(map(printable, content.decode("utf-8", "replace").splitlines())))
        return
    printing = session if is_asked else replace(session, output=Format.JSON)
    printing.print(data)


def _headers(given: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in given:
        name, colon, value = line.partition(":")
        if not colon or not _HEADER_NAME.fullmatch(name.strip()):
            raise CommandError("--header is written like Name: value.", USAGE)
        if not (value.isascii() and value.isprintable()):
            raise CommandError(f"The value of --header {name.strip()} holds what a header cannot.", USAGE)
        if name.strip().lower() in _SIGNED:
            raise CommandError(f"--header {name.strip()}: signing sets it.", USAGE)
        headers[name.strip()] = value.strip()
    return headers


def _remark(method: str, url: str) -> None:
    """Say so when no API version that is known has such an operation; it is sent all the same."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    version = parse_qs(parts.query, keep_blank_values=True)["api-version"][0]
    operations = _operations(version)
    if operations is None:
        note(f"Note: API version {version or '(empty)'} is not known here.")
    elif not any(method == known and _matches(template, path) for known, template in operations):
        names = [f"{known} {template}" for known, template in operations]
        close = get_close_matches(f"{method} {_template(path)}", names, 3, 0.4)
        meant = f" Did you mean: {', '.join(close)}?" if close else ""
        note(f"Note: API version {version} has no operation {method} {_template(path)}.{meant}")


@cache
def _operations(version: str) -> list[tuple[str, str]] | None:
    contract = files("acs_identity_rest") / "contract" / version / "CommunicationIdentity.json"
    if not version or not contract.is_file():
        return None
    paths = json.loads(contract.read_text("utf-8"))["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods if method != "parameters"]


def _matches(template: str, path: str) -> bool:
    pattern = re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(template))
    return re.fullmatch(pattern, path) is not None


def _template(path: str) -> str:
    """Return a path without the ids in it."""
    return re.sub(r"(?:8|28|4)(?::|%3A)[^/]+", "...", path, flags=re.IGNORECASE)
