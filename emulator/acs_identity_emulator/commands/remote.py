"""Asking an emulator that runs in another process."""

import json
from http.client import HTTPException
from typing import Annotated, Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import typer

from .common import fail

DEFAULT_ENDPOINT = "http://127.0.0.1:10100"
"""Where ``start`` listens unless it is told otherwise."""

Endpoint = Annotated[
    str, typer.Option(envvar="ACS_IDENTITY_EMULATOR_ENDPOINT", help="Where the emulator runs that is to be asked.")
]

_SECONDS = 60


def call(endpoint: str, method: str, path: str, document: object = None) -> Any:
    """Send a request to an endpoint of the emulator's own, and return the JSON of the answer.

    Args:
        endpoint: Where the emulator runs, for example ``http://127.0.0.1:10100``.
        method: The HTTP method.
        path: The path, for example ``/_emulator/clock``.
        document: What to send as JSON; None for no body.

    Returns:
        The parsed answer; None when it has no body.

    Raises:
        typer.Exit: The emulator cannot be reached or refuses; the message is on stderr.
    """
    if not endpoint.startswith(("http://", "https://")):
        fail(f"The endpoint {endpoint} does not begin with http:// or https://.")
    body = None if document is None else json.dumps(document).encode()
    try:
        request = Request(  # noqa: S310 the scheme was looked at
            f"{endpoint.rstrip('/')}{path}", body, {"Content-Type": "application/json"}, method=method
        )
        # The emulator is on this machine, whatever proxy the environment names.
        with build_opener(ProxyHandler({})).open(request, timeout=_SECONDS) as response:
            answer = response.read()
        return json.loads(answer) if answer else None
    except HTTPError as error:
        with error:
            fail(_message(error.read()) or f"{endpoint} answered {error.code} {error.reason}: is it an emulator?")
    except URLError as error:
        fail(f"No emulator answers at {endpoint} ({error.reason}): start one, or give another --endpoint.")
    except (HTTPException, OSError, ValueError) as error:
        # A malformed URL is a ValueError, too.
        fail(f"{endpoint} did not answer as an emulator does: {type(error).__name__}.")


def _message(answer: bytes) -> str | None:
    try:
        return str(json.loads(answer)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return None
