"""The emulator itself: one Communication Services resource, its key and its state."""

import base64
import json
import logging
import os
import random
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from . import errors, state
from .access_tokens import AccessTokens, TokenRecord, TokenStatus
from .authentication import Authentication, decode_access_key
from .calls import Answer, Call, Handler, Resource
from .checks import Check, loosened
from .clock import EmulatorClock
from .comparison import SIGNATURE_HEADER, header_value
from .contract import Match, load_contract
from .entra import Entra
from .errors import ServiceError
from .faults import FAULT_HEADER, NOTHING, Faults, Injection
from .identities import GUID, Assignments, Identities, Identity
from .journal import JOURNAL_SIZE, Entry, Journal
from .keys import SigningKeys
from .limits import DOCUMENTED_LIMITS, RateLimits
from .messages import Cut, Request, Response
from .operations import EXCHANGE_PATHS, HANDLERS
from .store import Store, StoreError
from .times import format_http_date, parse_http_date, utc_now

DEVELOPMENT_ACCESS_KEY: Final = base64.b64encode(b"acs-identity emulator development key: opens nothing else").decode()
"""The access key of an emulator that is given no other. It is public and opens nothing but the emulator."""

BODY_LIMIT: Final = 1024 * 1024
"""The longest request body the emulator takes, in bytes; a longer one is answered with 413."""

# Not that of the module, which users seed and draw from.
_CHANCE = random.Random()  # noqa: S311

_LOGGER = logging.getLogger("acs_identity_emulator")


class Emulator:
    """A Communication Services resource that lives in this process. Safe to use from several threads.

    Args:
        access_key: The access key, base64 text.
        resource_id: The immutable id of the resource, a GUID; that of the database, or a random one, by default.
        clock: Gives the present time, with a time zone; everything the emulator does goes by it, unless the property
            `clock` of the emulator is moved.
        allowed_skew: How far the date of a signed request may be from the clock, either way.
        journal_size: How many requests the journal keeps.
        db: The sqlite file that keeps identities, assignments and signing keys, made when it is not there; several
            emulators, also in other processes, may share it. Everything is in memory by default.
        limits: Whether there are the documented rate limits, or how many requests of an operation are taken in 30
            seconds, by the name of the operation; see `RateLimits.set`.
        seed: What the chance of faults begins with, a whole number from 0 on; another one each time by default.
        loose: The checks that are switched off, each by itself; ``all`` for all of them. See `Check`.

    Raises:
        ValueError: The access key is not base64 or empty, the resource id is no GUID, a limit is for no operation or
            below 1, the seed is below 0, or there is no such check.
        StoreError: The file cannot be used, is not one of this emulator, or is that of another resource.

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
        limits: bool | Mapping[str, int] = False,
        seed: int | None = None,
        db: str | os.PathLike[str] | None = None,
        loose: Collection[Check | Literal["all"]] = (),
    ) -> None:
        key = decode_access_key(access_key)
        if resource_id is not None and not GUID.fullmatch(resource_id):
            raise ValueError("The resource id is not a GUID.")
        self._access_key = access_key
        self._clock = EmulatorClock(clock)
        self._faults = Faults(seed)
        self._limits = RateLimits()
        if limits is not False:
            self._limits.set(DOCUMENTED_LIMITS if limits is True else limits)
        self._loose = loosened(loose)
        self._store = Store(db, resource_id and resource_id.lower())
        self._keys = SigningKeys(self._store)
        self._entra = Entra(
            lambda: self.resource_id, lambda: self._keys.get("entra"), self._now, is_strict="entra" not in self._loose
        )
        self._authentication = Authentication(key, allowed_skew, self._entra, self._loose)
        self._resource = Resource(
            identities=Identities(self._store),
            teams_assignments=Assignments(self._store, "teams_extension"),
            entra_assignments=Assignments(self._store, "entra"),
            access_tokens=AccessTokens(self._store, self._keys),
            entra=self._entra,
        )
        self._contract = load_contract()
        self._journal = Journal(journal_size)

    def __repr__(self) -> str:
        return f"<Emulator {self.endpoint}>"

    @property
    def access_key(self) -> str:
        """The access key, base64 text."""
        return self._access_key

    @property
    def resource_id(self) -> str:
        """The immutable id of the resource, a GUID in lower case; a part of every identity id."""
        return self._store.resource_id

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
    def clock(self) -> EmulatorClock:
        """The clock of the emulator, which can be moved and stopped."""
        return self._clock

    @property
    def faults(self) -> Faults:
        """The faults on purpose; none until rules are added."""
        return self._faults

    @property
    def limits(self) -> RateLimits:
        """The rate limits; none unless they are set."""
        return self._limits

    @property
    def loose(self) -> frozenset[Check]:
        """The checks that are switched off."""
        return self._loose

    def connection_string_for(self, endpoint: str) -> str:
        """Return the connection string for an endpoint at which this emulator can be reached."""
        return f"endpoint={endpoint}/;accesskey={self._access_key}"

    def introspect(self, token: str) -> TokenStatus:
        """Tell what became of an access token: live, revoked, deleted, expired or unknown."""
        with self._store.session():
            return self._resource.access_tokens.status(token, self._now())

    @property
    def now(self) -> datetime:
        """The present time by the clock of the emulator, in UTC."""
        return self._now()

    @property
    def identity_count(self) -> int:
        """How many identities there are."""
        with self._store.session():
            return self._resource.identities.count()

    @property
    def issued_token_count(self) -> int:
        """How many issued access tokens are remembered, at most the latest 10,000."""
        with self._store.session():
            return self._resource.access_tokens.count()

    def identities(self, limit: int = 100) -> list[Identity]:
        """Return the identities, the newest first, at most so many."""
        with self._store.session():
            return self._resource.identities.latest(limit)

    def issued_tokens(self, limit: int = 100) -> list[TokenRecord]:
        """Return what is remembered of the issued access tokens, the newest first, at most so many.

        The tokens themselves are not remembered, and no more than the latest 10,000 issues of them.
        """
        with self._store.session():
            return self._resource.access_tokens.latest(limit, self._now())

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as a JSON Web Key Set (RFC 7517): that of the access tokens and that of Entra ID."""
        return {"keys": [self._keys.get(name).public_jwk() for name in ("access_tokens", "entra")]}

    def export_state(self, *, with_keys: bool = False) -> dict[str, Any]:
        """Return everything that is kept as a JSON document; docs/emulator.md describes it.

        Args:
            with_keys: Whether the document has the signing keys, so that tokens stay valid where it is imported.
        """
        return state.export_state(self._store, self._keys if with_keys else None)

    def import_state(self, document: object) -> None:
        """Replace everything that is kept, the resource id included, by what a document of `export_state` holds.

        Without signing keys in the document, those that are there stay.

        Raises:
            StateError: The document is not right; the text names the member. Nothing was changed.
        """
        state.import_state(self._store, document, self._now())

    def seed(self, document: object) -> dict[str, Any]:
        """Add identities and assignments; an identity that is there already stays, an assignment is replaced.

        Args:
            document: For example ``{"identities": [{"custom_id": "alice"}]}``; docs/emulator.md describes it.

        Returns:
            The lists of the document, in the same order, with the ids of each entry, and in ``created`` whether it
            is a new one.

        Raises:
            StateError: The document is not right; the text names the member. Nothing was added.
        """
        return state.seed(self._store, document, self._now())

    def reset(self) -> None:
        """Forget all identities and assignments; resource id and signing keys stay.

        Access tokens of before are ``deleted`` then.
        """
        state.reset(self._store)

    def close(self) -> None:
        """Close the database. The emulator cannot be used any more."""
        self._store.close()

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
        operation = handler.__name__ if handler else None
        refusal: ServiceError | None = None
        injection = NOTHING
        try:
            injection = self._faults.choose(operation, request.header(FAULT_HEADER))
            if injection.kind == "reset":
                outcome = _NO_ANSWER
            else:
                outcome = _Outcome.of_answer(self._answer(request, match, handler, now, injection), request)
        except ServiceError as error:
            refusal = error
            outcome = _Outcome.of_refusal(error)
        except StoreError as error:
            refusal = errors.server_fault(f"the emulator cannot reach its state. {error}")
            outcome = _Outcome.of_refusal(refusal)
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
        remark = refusal.reason if refusal else injection.text or ""
        _LOGGER.info("%s %s %d %s", request.method, path, outcome.status, remark)
        self._journal.add(
            Entry(
                number=number,
                time=now,
                method=request.method,
                target=request.target,
                operation=operation,
                status=outcome.status,
                duration=duration,
                client_request_id=request_id,
                code=refusal.code if refusal else None,
                reason=refusal.reason if refusal else None,
                fault=injection.text,
                signature=refusal.signature if refusal else None,
            )
        )
        return Response(outcome.status, headers, outcome.body, injection.delay, _cut(injection, request, outcome))

    def _answer(
        self, request: Request, match: Match | None, handler: Handler | None, now: datetime, injection: Injection
    ) -> Answer:
        if injection.refusal is not None:
            raise injection.refusal
        if len(request.body) > BODY_LIMIT:
            raise errors.body_too_large(BODY_LIMIT)
        for_exchange = match is not None and match.route.path in EXCHANGE_PATHS
        caller = self._authentication.check(request, self._signing_time(request, now), for_exchange=for_exchange)
        if match is None:
            raise errors.unknown_path(self._contract.nearest(request.path))
        operation = match.route.operation(request, any_version="api-version" in self._loose)
        if "content-type" in self._loose and operation.consumes:
            request = replace(request, headers={**request.headers, "content-type": operation.consumes[0]})
        if handler is None:
            raise errors.operation_not_emulated()
        self._limits.check(handler.__name__, request.body, now)
        # What reads only need not wait for another process that writes.
        with self._store.session() if request.method == "GET" else self._store.transaction():
            return handler(Call(self._resource, operation, match.arguments, request, caller, now))

    def _now(self) -> datetime:
        return self._clock.now()

    def _signing_time(self, request: Request, now: datetime) -> datetime:
        # Clients sign with the time of their machine, wherever the clock of the emulator was moved.
        if not self._clock.is_moved:
            return now
        date = parse_http_date(request.header("x-ms-date") or request.header("date") or "")
        return self._clock.nearest(date) if date else now


# Not frozen: there is one for each request, and making a frozen one takes three times as long.
@dataclass(slots=True)
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


_NO_ANSWER: Final = _Outcome(0, {}, b"", reports_versions=False)


def _cut(injection: Injection, request: Request, outcome: _Outcome) -> Cut | None:
    match injection.kind:
        case "reset":
            return "reset"
        case "truncate":
            # What has no body has no middle of it.
            return "truncated" if outcome.body and request.method != "HEAD" else "reset"
        case _:
            return None


# json.dumps would make an encoder for each answer.
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))


def _json(members: object) -> bytes:
    return _ENCODER.encode(members).encode("ascii")


def _common_headers(now: datetime, duration: float) -> dict[str, str]:
    # References that tell answers apart are no secret, and asking the system for chance takes longer.
    reference = base64.b64encode(_CHANCE.randbytes(54)).decode("ascii")
    return {
        "Date": format_http_date(now),
        "MS-CV": f"{reference[:22]}.2.0",
        "Request-Context": "appId=",
        "Strict-Transport-Security": "max-age=31536000;includeSubDomains",
        "X-Azure-Ref": reference[24:],
        "X-Cache": "CONFIG_NOCACHE",
        "X-Processing-Time": f"{duration * 1000:.0f}ms",
    }
