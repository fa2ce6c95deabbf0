"""The console page: what the emulator keeps and what is asked of it, in a browser.

It needs nothing from elsewhere: three files of this folder, and the endpoints of the emulator's own for the data.
"""

import re
from importlib.resources import files
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""The headers of the page and of its files: nothing from elsewhere, no script in the page, nothing kept."""

_CONTENT_TYPES: Final = {"index.html": "text/html", "console.css": "text/css", "console.js": "text/javascript"}


def asks_for_page(scope: Scope) -> bool:
    """Whether a request is that of a browser for the page; every other request for ``/`` is one for the service."""
    if scope["method"] != "GET" or scope["path"] != "/":
        return False
    headers = Headers(scope=scope)
    return "authorization" not in headers and _takes_html(", ".join(headers.getlist("accept")))


def console_file(name: str) -> Response | None:
    """Return a file of the console: ``index.html``, ``console.css`` or ``console.js``; None when it has no such."""
    if name not in _CONTENT_TYPES:
        return None
    return Response((files(__name__) / name).read_bytes(), media_type=_CONTENT_TYPES[name], headers=HEADERS)


def _takes_html(accept: str) -> bool:
    for media_range in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in media_range.split(";"))
        if kind == "text/html":
            return not any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters)
    return False
