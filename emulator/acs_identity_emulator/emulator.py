"""The emulator itself: one Communication Services resource, its key and its state, in memory."""

import base64
import json
import logging
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from . import errors
from .access_tokens import AccessTokens, TokenStatus
from .authentication import Authentication, decode_access_key
from .calls import Answer, Call, Handler, Resource
from .checks import Check, loosened
from .comparison import SIGNATURE_HEADER, header_value
from .contract import Match, load_contract
from .entra import Entra
from .errors import ServiceError
from .identities import GUID, Assignments, Identities
from .journal import JOURNAL_SIZE, Entry, Journal
from .messages import Request, Response
from .operations import EXCHANGE_PATHS, HANDLERS
from .times import format_http_date, utc_now

DEVELOPMENT_ACCESS_KEY: Final = base64.b64encode(b"acs-identity emulator development key: opens nothing else").decode()
"""The access key of an emulator that is given no other. It is public and opens nothing but the emulator."""

BODY_LIMIT: Final = 1024 * 1024
"""The longest request body the emulator takes, in bytes; a longer one is answered with 413."""

_LOGGER = logging.getLogger("acs_identity_emulator")


class Emulator:
    """A Communication Services resource that lives in this process. Safe to use from several threads.

    Args:
        access_key: The access key, base64 text.
        resource_id: The immutable id of the resource, a GUID; a random one by default.
        clock: Gives the present time, with a time zone; everything the emulator does goes by it.
        allowed_skew: How far the date of a signed request may be from the clock, either way.
        journal_size: How many requests the journal keeps.
        loose: The checks that are switched off, each by itself; ``all`` for all of them. See `Check`.

    Raises:
        ValueError: The access key is not base64 or empty, the resource id is no GUID, or there is no such check.

    >>> emulator = Emulator()
    >>> emulator.endpoint
    'http://emulator.localhost'
    >>> emulator.handle(Request("POST", "/identities?api-version=2026-09-23")).status
    401
    """

    def __init__(
        self,
        *,
        access_key: str = DEVELOPMENT_ACCESS_KEY,
        resource_id: str | None = None,
        clock: Callable[[], datetime] = utc_now,
        allowed_skew: timedelta = timedelta(minutes=5),
        journal_size: int = JOURNAL_SIZE,
        loose: Collection[Check | Literal["all"]] = (),
    ) -> None:
        key = decode_access_key(access_key)
        if resource_id is not None and not GUID.fullmatch(resource_id):
            raise ValueError("The resource id is not a GUID.")
        self._access_key = access_key
        self._resource_id = (resource_id or str(uuid.uuid4())).lower()
        self._clock = clock
        self._loose = loosened(loose)
        self._entra = Entra(self._resource_id, self._now, is_strict="entra" not in self._loose)
        self._authentication = Authentication(key, allowed_skew, self._entra, self._loose)
        self._access_tokens = AccessTokens(self._resource_id)
        self._resource = Resource(
            identities=Identities(self._resource_id),
            teams_assignments=Assignments(),
            entra_assignments=Assignments(),
            access_tokens=self._access_tokens,
            entra=self._entra,
        )
        self._contract = load_contract()
        self._journal = Journal(journal_size)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Emulator {self.endpoint}>"

    @property
    def access_key(self) -> str:
        """The access key, base64 text."""
        return self._access_key

    @property
    def resource_id(self) -> str:
        """The immutable id of the resource, a GUID in lower case; a part of every identity id."""
        return self._resource_id

    @property
    def endpoint(self) -> str:
        """The endpoint to use with the in-process transports; no server listens there."""
        return "http://emulator.localhost"

    @property
    def connection_string(self) -> str:
        """The connection string to use with the in-process transports."""
        return self.connection_string_for(self.endpoint)

    @property
    def entra(self) -> Entra:
        """The fake Entra ID whose tokens this emulator accepts."""
        return self._entra

    @property
    def journal(self) -> Journal:
        """The latest requests and their answers."""
        return self._journal

    @property
    def loose(self) -> frozenset[Check]:
        """The checks that are switched off."""
        return self._loose

    def connection_string_for(self, endpoint: str) -> str:
        """Return the connection string for an endpoint at which this emulator can be reached."""
        return f"endpoint={endpoint}/;accesskey={self._access_key}"

    def introspect(self, token: str) -> TokenStatus:
        """Tell what became of an access token: live, revoked, deleted, expired or unknown."""
        with self._lock:
            return self._access_tokens.status(token, self._now())

    def handle(self, request: Request) -> Response:
        """Answer a request as the service would.

        Never raises for anything in the request: what is wrong with it is answered with an error and, for the
        developer, with the header ``x-emulator-reason``; a signature that is refused also with
        ``x-emulator-signature``.
        """
        started = time.perf_counter()
        number = self._journal.next_number()
        now = self._now()
        match = self._contract.match(request.path)
        handler = HANDLERS.get((request.method, match.route.key)) if match else None
        refusal: ServiceError | None = None
        try:
            outcome = _Outcome.of_answer(self._answer(request, match, handler, now), request)
        except ServiceError as error:
            refusal = error
            outcome = _Outcome.of_refusal(error)
        except Exception as error:
            # A fault of the emulator must reach the client as one of the service.
            _LOGGER.exception("The emulator failed at a request")
            refusal = errors.server_fault(f"the emulator failed, its log has the traceback: {type(error).__name__}")
            outcome = _Outcome.of_refusal(refusal)
        headers = dict(outcome.headers)
        if match is not None and outcome.reports_versions:
            headers["api-supported-versions"] = match.route.versions
        request_id = request.header("x-ms-client-request-id")
        if request_id is not None:
            headers["x-ms-client-request-id"] = request_id
        duration = time.perf_counter() - started
        headers |= _common_headers(now, duration)
        # The path template instead of the path: a path can hold an identity id.
        path = match.route.path if match else "(no such path)"
        _LOGGER.info("%s %s %d %s", request.method, path, outcome.status, refusal.reason if refusal else "")
        self._journal.add(
            Entry(
                number=number,
                time=now,
                method=request.method,
                target=request.target,
                operation=handler.__name__ if handler else None,
                status=outcome.status,
                duration=duration,
                client_request_id=request_id,
                code=refusal.code if refusal else None,
                reason=refusal.reason if refusal else None,
                signature=refusal.signature if refusal else None,
            )
        )
        return Response(outcome.status, headers, outcome.body)

    def _answer(self, request: Request, match: Match | None, handler: Handler | None, now: datetime) -> Answer:
        if len(request.body) > BODY_LIMIT:
            raise errors.body_too_large(BODY_LIMIT)
        for_exchange = match is not None and match.route.path in EXCHANGE_PATHS
        caller = self._authentication.check(request, now, for_exchange=for_exchange)
        if match is None:
            raise errors.unknown_path(self._contract.nearest(request.path))
        operation = match.route.operation(request, any_version="api-version" in self._loose)
        if "content-type" in self._loose and operation.consumes:
            request = replace(request, headers={**request.headers, "content-type": operation.consumes[0]})
        if handler is None:
            raise errors.operation_not_emulated()
        with self._lock:
            return handler(Call(self._resource, operation, match.arguments, request, caller, now))

    def _now(self) -> datetime:
        now = self._clock()
        if now.tzinfo is None:
            raise ValueError("The clock of the emulator gave a time without a time zone.")
        return now.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The part of a response that depends on what was answered."""

    status: int
    headers: dict[str, str]
    body: bytes
    reports_versions: bool

    @classmethod
    def of_answer(cls, answer: Answer, request: Request) -> "_Outcome":
        if answer.body is None:
            return cls(answer.status, {}, b"", reports_versions=True)
        body = _json(answer.body)
        headers = {"Content-Length": str(len(body)), "Content-Type": "application/json; charset=utf-8"}
        if request.method == "GET":
            headers["Accept-Ranges"] = "bytes"
        return cls(answer.status, headers, body, reports_versions=True)

    @classmethod
    def of_refusal(cls, refusal: ServiceError) -> "_Outcome":
        error = {"code": refusal.code, "message": refusal.message}
        if refusal.target is not None:
            error["target"] = refusal.target
        headers = {
            "Transfer-Encoding": "chunked",
            "Content-Type": "application/json",
            "x-emulator-reason": refusal.reason,
            **refusal.headers,
        }
        if refusal.signature is not None:
            headers[SIGNATURE_HEADER] = header_value(refusal.signature)
        return cls(refusal.status, headers, _json({"error": error}), refusal.reports_versions)


def _json(members: object) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode("ascii")


def _common_headers(now: datetime, duration: float) -> dict[str, str]:
    return {
        "Date": format_http_date(now),
        "MS-CV": f"{base64.b64encode(secrets.token_bytes(16)).decode('ascii').rstrip('=')}.2.0",
        "Request-Context": "appId=",
        "Strict-Transport-Security": "max-age=31536000;includeSubDomains",
        "X-Azure-Ref": base64.b64encode(secrets.token_bytes(36)).decode("ascii"),
        "X-Cache": "CONFIG_NOCACHE",
        "X-Processing-Time": f"{duration * 1000:.0f}ms",
    }
