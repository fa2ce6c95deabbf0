"""Keeps web pages of others away from the endpoints of the emulator's own."""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .messages import error


def guarded(app: ASGIApp) -> ASGIApp:
    """Return the application behind a guard that answers 403 to what a foreign web page could have caused.

    That is a request with the ``Origin`` of another site and, where the connection came over loopback, one with a
    ``Host`` that is a name of the outside world: a page can make a name of its own lead here (DNS rebinding).
    """

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        problem = _problem(scope)
        chosen = app if problem is None else error(403, problem)
        await chosen(scope, receive, send)

    return guard


def _problem(scope: Scope) -> str | None:
    headers = Headers(scope=scope)
    hosts = headers.getlist("host")
    own = {f"{scope['scheme']}://{host}".lower() for host in hosts}
    if any(origin.lower() not in own for origin in headers.getlist("origin")):
        return "Web pages of other origins may not use the emulator's own endpoints."
    server = scope.get("server") or ("", None)
    if _is_loopback_address(server[0]) and not all(_is_local_name(host) for host in hosts):
        return "The Host must be an IP address, localhost or a name below it: use one of these in the endpoint."
    return None


def _is_loopback_address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _is_local_name(host: str) -> bool:
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
