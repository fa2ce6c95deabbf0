"""What the tests of the emulator share: a clock to set, signing written from the REST reference, signed calls."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY, Emulator, EmulatorServer, Request, Response

NOON = datetime(2026, 10, 1, 12, 0, 0, 250_000, tzinfo=UTC)
HOST = "emulator.localhost"
LATEST = "2026-09-23"


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        self.now += timedelta(**parts)


def http_date(moment: datetime) -> str:
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    day, month = days[moment.weekday()], months[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year} {moment:%H:%M:%S} GMT"


def signed_headers(
    method: str,
    target: str,
    body: bytes,
    *,
    key: str,
    date: str,
    host: str = HOST,
    date_header: str = "x-ms-date",
) -> dict[str, str]:
    """Headers made as the REST reference describes, with nothing of the emulator."""
    content_hash = base64.b64encode(hashlib.sha256(body).digest()).decode()
    text = f"{method}\n{target}\n{date};{host};{content_hash}"
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return {
        "Host": host,
        date_header: date,
        "x-ms-content-sha256": content_hash,
        "Authorization": f"HMAC-SHA256 SignedHeaders={date_header};host;x-ms-content-sha256"
        f"&Signature={base64.b64encode(digest).decode()}",
    }


class ContractSchemas:
    """The paths and content types of the API versions."""

    def __init__(self) -> None:
        self._documents: dict[str, Any] = {}

    def versions_with(self, template: str) -> str:
        """The API versions whose contract has a path, as the header lists them."""
        folder = files("acs_identity_rest") / "contract"
        versions = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
        return ", ".join(version for version in versions if template in self._document(version)["paths"])

    def template_of(self, version: str, path: str) -> str:
        """The path template a path fits in an API version."""
        for template in self._document(version)["paths"]:
            expected, given = template.split("/"), path.split("/")
            if len(expected) == len(given) and all(
                e.startswith("{") or e == g for e, g in zip(expected, given, strict=True)
            ):
                return str(template)
        raise AssertionError(f"{version} has no path like {path}")

    def content_type(self, version: str, template: str, method: str) -> str:
        """The content type of the request body of an operation."""
        document = self._document(version)
        consumes = document["paths"][template][method.lower()].get("consumes") or document["consumes"]
        return str(consumes[0])

    def _document(self, version: str) -> Any:
        if version not in self._documents:
            folder = files("acs_identity_rest") / "contract"
            self._documents[version] = json.loads((folder / version / "CommunicationIdentity.json").read_text("utf-8"))
        return self._documents[version]


@dataclass
class Caller:
    """Sends signed requests to an emulator."""

    emulator: Emulator
    clock: Clock
    schemas: ContractSchemas
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def __call__(
        self,
        method: str,
        path: str,
        members: object = None,
        *,
        body: bytes | None = None,
        version: str = LATEST,
        headers: dict[str, str] | None = None,
    ) -> Response:
        target = f"{path}?api-version={version}"
        template = self.schemas.template_of(version, path)
        content_type = {"Content-Type": self.schemas.content_type(version, template, method)}
        return self.raw(method, target, members, body=body, headers={**content_type, **(headers or {})})

    def raw(
        self,
        method: str,
        target: str,
        members: object = None,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        if body is None:
            body = b"" if members is None else json.dumps(members).encode()
        signed = signed_headers(
            method, target, body, key=self.emulator.access_key, date=http_date(self.clock.now.astimezone(UTC))
        )
        return self.emulator.handle(
            Request(
                method, target, {"Content-Type": "application/json", **signed, **self.headers, **(headers or {})}, body
            )
        )

    def bearer(self, method: str, path: str, token: str, members: object = None, *, version: str = LATEST) -> Response:
        body = b"" if members is None else json.dumps(members).encode()
        headers = {"Host": HOST, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return self.emulator.handle(Request(method, f"{path}?api-version={version}", headers, body))

    def new_identity(self, version: str = LATEST) -> str:
        body = json.loads(self("POST", "/identities", version=version).body)
        identity: str = body.get("identity", body)["id"]
        return identity

    def new_token(self, identity: str, *scopes: str) -> str:
        response = self("POST", f"/identities/{identity}/:issueAccessToken", {"scopes": list(scopes or ("chat",))})
        token: str = json.loads(response.body)["token"]
        return token


@pytest.fixture(scope="session", autouse=True)
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The commands keep their certificate here, and not with the user's."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("state")
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield folder


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def schemas() -> ContractSchemas:
    return ContractSchemas()


@pytest.fixture
def emulator(clock: Clock) -> Emulator:
    return Emulator(clock=clock)


@pytest.fixture
def call(emulator: Emulator, clock: Clock, schemas: ContractSchemas) -> Caller:
    return Caller(emulator, clock, schemas)


@pytest.fixture
def sign() -> Callable[..., dict[str, str]]:
    """The signing helper; see signed_headers."""
    return signed_headers


@pytest.fixture
def server() -> Iterator[EmulatorServer]:
    """A server whose emulator goes by the real time, for clients that know no other."""
    with EmulatorServer(Emulator()) as running:
        yield running


@pytest.fixture
def own_key() -> str:
    key = base64.b64encode(b"a key of the user's own, just as fake").decode()
    assert key != DEVELOPMENT_ACCESS_KEY
    return key


@pytest.fixture(scope="session")
def package_folder() -> Path:
    return Path(str(files("acs_identity_emulator")))
