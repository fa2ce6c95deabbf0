"""Secrets that are easy to find again, and everything a program could show of them."""

import base64
import json
import logging
import traceback
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from urllib.parse import quote

from opentelemetry.sdk.trace import ReadableSpan

KEY = base64.b64encode(b"the canary key opens nothing, and is as long as a real one is....").decode()
USER = "8:acs:ca9a1100-368b-45b4-ab52-8493fb117652_ca9a1101-14a2-493b-8a72-5a3a0d000081"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJjYW5hcnkiOiJhY2Nlc3MgdG9rZW4ifQ.Y2FuYXJ5LWFjY2Vzcw"
ENTRA_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJjYW5hcnkiOiJlbnRyYSB0b2tlbiJ9.Y2FuYXJ5LWVudHJh"
CUSTOM_ID = "canary custom/id"
TENANT_ID = "ca9a1102-a1b2-4c3d-8e4f-5a6b7c8d9e0f"
OBJECT_ID = "ca9a1103-b1c2-4d3e-8f4a-5b6c7d8e9f0a"
SECRETS = {
    "key": KEY,
    "user": USER,
    "user without its prefix": USER.removeprefix("8:acs:"),
    "token": TOKEN,
    "Entra token": ENTRA_TOKEN,
    "custom id": CUSTOM_ID,
    "tenant id": TENANT_ID,
    "object id": OBJECT_ID,
}


def spellings(secret: str) -> set[str]:
    """Return how a secret can be written: raw, percent-encoded once and twice, in base64, in JSON."""
    encoded = quote(secret, safe="")
    raw = secret.encode()
    return {
        secret,
        quote(secret),
        encoded,
        encoded.replace("%3A", "%3a").replace("%2F", "%2f"),
        quote(encoded, safe=""),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        json.dumps(secret)[1:-1],
        json.dumps(secret)[1:-1].replace("/", "\\/"),
    }


WANTED = [(name, spelling) for name, secret in SECRETS.items() for spelling in spellings(secret)]


def found(text: str) -> set[str]:
    """Return the names of the secrets that a text shows in any spelling; a signature is one as well."""
    names = {name for name, spelling in WANTED if spelling in text}
    return names | ({"signature"} if "Signature=" in text else set())


class Shown:
    """Everything that was shown while it watched, and what of it holds a secret."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []

    def add(self, where: str, text: str) -> None:
        self.texts.append((where, text))

    def add_error(self, where: str, error: BaseException) -> None:
        self.add(f"{where}, str", str(error))
        self.add(f"{where}, repr", repr(error))
        self.add(f"{where}, args", repr(error.args))
        self.add(f"{where}, message", str(getattr(error, "message", "")))
        self.add(f"{where}, traceback", "".join(traceback.format_exception(error)))

    @property
    def leaks(self) -> dict[str, set[str]]:
        """Where a secret was shown, and which."""
        leaks: dict[str, set[str]] = {}
        for where, text in self.texts:
            if names := found(text):
                leaks.setdefault(where, set()).update(names)
        return leaks

    def of(self, beginning: str) -> str:
        """Return what was shown in places whose name begins so."""
        return "\n".join(text for where, text in self.texts if where.startswith(beginning))


class _Handler(logging.Handler):
    def __init__(self, shown: Shown) -> None:
        super().__init__(logging.NOTSET)
        self._shown = shown
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        where = f"log of {record.name}"
        self._shown.add(where, self.format(record))
        self._shown.add(where, f"{record.msg} {record.args!r}")
        if record.exc_info and record.exc_info[1]:
            self._shown.add(where, "".join(traceback.format_exception(record.exc_info[1])))


@contextmanager
def watching(spans: Callable[[], list[ReadableSpan]]) -> Generator[Shown]:
    """Collect logs of every logger at DEBUG, warnings and spans."""
    shown = Shown()
    root, handler = logging.getLogger(), _Handler(shown)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield shown
        for warning in caught:
            shown.add("warning", f"{warning.message} {warning.message!r} {warning.source!r}")
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
    for span in spans():
        shown.add("span", span.to_json())
