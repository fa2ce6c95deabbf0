"""What made the service refuse: conclusions from an answer and its request, as functions of these."""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from itertools import zip_longest
from typing import Any, cast
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode

from ._endpoint import DEFAULT_PORTS, authority_of
from ._evidence import Evidence, SentRequest
from ._signing import content_hash, string_to_sign, target_of

# The service's own limit is not documented; five minutes are common, and what the emulator allows.
_ALLOWED_SKEW = timedelta(minutes=5)
_STRUCTURE = re.compile(r"HMAC-SHA256 SignedHeaders=([^&\s]+)&Signature=([A-Za-z0-9+/]+={0,2})", re.ASCII)
# The first previews signed "date".
_DATE_HEADERS = {"x-ms-date;host;x-ms-content-sha256": "x-ms-date", "date;host;x-ms-content-sha256": "date"}
_VERSION_CODES = {"UnsupportedApiVersion", "ApiVersionUnspecified", "AmbiguousApiVersion", "InvalidApiVersion"}
_MANAGEMENT_SCOPE = "https://communication.azure.com//.default"
_USER_SCOPES = (
    "https://communication.azure.com/clients/.default or, for a Teams user, "
    "https://auth.msft.communication.azure.com/TeamsExtension.ManageCalls"
)


class Cause(StrEnum):
    """What most likely made the service refuse."""

    # The name that people import.
    __module__ = "acs_identity.diagnostics"

    NO_CREDENTIAL = "no_credential"
    """The request carried no Authorization header."""
    SIGNATURE_FORMAT = "signature_format"
    """The Authorization header or what it covers is malformed."""
    CONTENT_HASH = "content_hash"
    """The hash that was signed is not that of the body."""
    CLOCK = "clock"
    """The clock of the client is off."""
    HOST = "host"
    """The signature is for another host, or the same in another spelling."""
    URL = "url"
    """The signature is for another path or query, or the same in another spelling."""
    ACCESS_KEY = "access_key"
    """The access key is not one of the resource's."""
    SIGNATURE = "signature"
    """The key is another one, or the request was changed after signing: without the key these look the same."""
    ENTRA_TOKEN = "entra_token"  # noqa: S105 - not a secret
    """The bearer token has expired, is for something else or cannot be read."""
    ROLE = "role"
    """The bearer of the token has no role on the resource."""
    NOT_ASSIGNED = "not_assigned"
    """The Entra ID user is not assigned to the resource."""
    TEAMS_TOKEN = "teams_token"  # noqa: S105
    """The Entra ID token of the Teams user, in the body, is not valid."""
    NOT_OWNED = "not_owned"
    """The identity belongs to another resource."""
    NOT_FOUND = "not_found"
    """There is no such identity, assignment or operation."""
    API_VERSION = "api_version"
    """The operation is not in the API version."""
    SUBSCRIPTION = "subscription"
    """The subscription may not use the operation."""
    INVALID_REQUEST = "invalid_request"
    """A value in the request is refused."""
    THROTTLED = "throttled"
    """There were too many requests."""
    SERVICE_FAULT = "service_fault"
    """The service failed."""
    UNREADABLE_ANSWER = "unreadable_answer"
    """The answer is a success that could not be read."""
    NOT_THE_SERVICE = "not_the_service"
    """Something else answered: a proxy, a gateway, another server."""
    UNKNOWN = "unknown"
    """Nothing tells."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause, the same in a sentence, and what to do about it."""

    cause: Cause
    likely: str
    remedy: str


def find(evidence: Evidence, offset: timedelta | None, key: bytes | None) -> Finding:
    """Return the most likely cause.

    Args:
        evidence: The answer and its request.
        offset: How far the service's clock is ahead, when it is known.
        key: The decoded access key that should have signed the request, when it is known.
    """
    status, code = evidence.status, evidence.code
    if status is None:
        return Finding(
            Cause.UNKNOWN,
            "There is no answer to look at.",
            "Look at the cause of the error: the connection may have failed.",
        )
    if _is_foreign(evidence):
        return Finding(
            Cause.NOT_THE_SERVICE,
            "The answer is not one of Communication Services: a proxy, a gateway or another server gave it.",
            "Check the endpoint, and the proxies and gateways on the way to it.",
        )
    if status < 400:
        return Finding(
            Cause.UNREADABLE_ANSWER,
            "The answer is not what the contract of the API version promises.",
            "Check that the endpoint is that of a Communication Services resource.",
        )
    if status == 429:
        after = evidence.headers.get("retry-after", "")
        wait = f"{after} seconds" if re.fullmatch(r"[0-9]{1,6}", after) else "a while"
        return Finding(
            Cause.THROTTLED,
            "There were too many requests. The documented limits are 500 to 1000 of one operation in 30 seconds.",
            f"Wait {wait} and send fewer requests; keep access tokens until shortly before they expire.",
        )
    if status >= 500:
        return Finding(
            Cause.SERVICE_FAULT,
            "The service failed.",
            "Try again later; where it stays, open a support case with the request id.",
        )
    if code == "InvalidAccessToken":
        return Finding(
            Cause.TEAMS_TOKEN,
            "The Entra ID token of the Teams user is empty, expired, or not for Communication Services.",
            "Get a new one for the user, with the scopes "
            "https://auth.msft.communication.azure.com/Teams.ManageCalls and Teams.ManageChats.",
        )
    if code == "IdentityNotOwned":
        return Finding(
            Cause.NOT_OWNED,
            "The identity belongs to another resource.",
            "Use endpoint and credential of the resource that created it; the id begins with the resource's own.",
        )
    if status == 401:
        return _find_unauthorized(evidence, offset, key)
    return _find_refused(evidence, status)


def _find_refused(evidence: Evidence, status: int) -> Finding:
    if evidence.code in _VERSION_CODES:
        known = evidence.headers.get("api-supported-versions")
        return Finding(
            Cause.API_VERSION,
            "The operation is not in the API version that was asked for, or none was asked for.",
            f"Use one of: {known}." if known else "Use another API version.",
        )
    if status == 404 or evidence.message == "Provided identity doesn't exist.":
        return Finding(
            Cause.NOT_FOUND,
            "There is no such identity, assignment or operation, or no more.",
            "Check the id and the resource; a deleted identity does not come back.",
        )
    if evidence.code == "SubscriptionNotAllowed":
        return Finding(
            Cause.SUBSCRIPTION,
            "The Azure subscription is not permitted to use this operation.",
            "Ask for admission to the preview, or use another subscription.",
        )
    if status == 403 and _is_exchange(evidence.request):
        return Finding(
            Cause.NOT_ASSIGNED,
            "The Entra ID user is probably not assigned to the resource.",
            "Assign the user, a group of theirs or the tenant, with the client id of the application.",
        )
    if status == 403:
        return Finding(
            Cause.ROLE,
            "The caller may not do this.",
            "Give the caller a role on the resource that permits it, for example Contributor.",
        )
    return Finding(
        Cause.INVALID_REQUEST,
        f"The service does not accept the value of {evidence.target}."
        if evidence.target and re.fullmatch(r"[A-Za-z.]{1,40}", evidence.target)
        else "The service does not accept a value in the request, or the request itself.",
        "The message of the service says what it expects.",
    )


def _is_foreign(evidence: Evidence) -> bool:
    if evidence.status == 407:
        return True
    is_page = "html" in evidence.headers.get("content-type", "") or evidence.text.lstrip().startswith("<")
    return is_page and not evidence.error


def _is_exchange(request: SentRequest) -> bool:
    return request.url.path.endswith("/:exchangeAccessToken") and "/access/" in request.url.path


def _find_unauthorized(evidence: Evidence, offset: timedelta | None, key: bytes | None) -> Finding:
    request = evidence.request
    authorization = request.headers.get("authorization")
    if authorization is None:
        return Finding(
            Cause.NO_CREDENTIAL,
            "The request carried no Authorization header.",
            "Give the client a credential. A redirect to another host drops the header, too.",
        )
    if authorization.lower().startswith("bearer "):
        return _find_bearer(evidence, authorization.partition(" ")[2].strip())
    wrong = malformed(request)
    if wrong:
        return Finding(
            Cause.SIGNATURE_FORMAT, wrong, "Let the client sign the request, after everything else has changed it."
        )
    if _hash_differs(evidence):
        return Finding(
            Cause.CONTENT_HASH,
            "The body is not the one that was hashed and signed.",
            "Sign after the body is settled, and let nothing on the way change it.",
        )
    if offset is not None and abs(offset) > _ALLOWED_SKEW:
        return Finding(
            Cause.CLOCK,
            f"The clock of this machine is {_spoken(abs(offset))} {'behind' if offset > timedelta(0) else 'ahead of'} "
            "the service's, which is probably more than it allows.",
            "Set the clock, for example by NTP, or sign the request anew just before it is sent.",
        )
    return _find_signature(request, key)


def _find_signature(request: SentRequest, key: bytes | None) -> Finding:
    own = authority_of(request.url)
    if key is None and request.host.lower() != own:
        return Finding(
            Cause.HOST,
            "The Host header is not the host of the URL; the resource sees the one of the two it was called by.",
            "Send and sign the resource's own host.",
        )
    if key is None:
        return Finding(
            Cause.SIGNATURE,
            "The access key is not one of this resource's, or the request was signed in another form than it was sent.",
            "Copy the key of this endpoint anew from the resource's page, Keys; "
            "acs_identity.diagnostics.explain with access_key= tells the two apart.",
        )
    signature = _STRUCTURE.fullmatch(request.headers["authorization"])
    given = signature[2] if signature else ""
    for text, finding in _signed_texts(request):
        made = base64.b64encode(hmac.digest(key, text.encode("utf-8", "replace"), "sha256")).decode("ascii")
        if hmac.compare_digest(made, given):
            return finding
    return Finding(
        Cause.ACCESS_KEY,
        "The request was signed with another key than the one given here.",
        "Give the client the key given here, or find out which it uses; blanks and line ends do not matter.",
    )


def _signed_texts(request: SentRequest) -> Iterator[tuple[str, Finding]]:
    """Yield what should have been signed, then what is often signed in its place, each with what it would prove."""
    right = Finding(
        Cause.ACCESS_KEY,
        "The given key signed the request as it was sent, so the key is not, or no longer, one of this resource's.",
        "Copy the key of this endpoint anew; where it is right, something on the way changes the request.",
    )
    yield text_to_sign(request), right
    # aiohttp sends the colons of an id plain, whatever the request of azure-core says.
    yield text_to_sign(request, target=re.sub("%3A", ":", _target(request), flags=re.IGNORECASE)), right
    for host, which in _hosts(request):
        likely = f"The signature is for the host {which}."
        remedy = "Give the endpoint as https://<resource>.communication.azure.com, without a slash at its end."
        yield text_to_sign(request, host=host), Finding(Cause.HOST, likely, remedy)
    for target, which in _targets(request):
        likely = f"The signature is for the {which}."
        finding = Finding(Cause.URL, likely, "Sign path and query exactly as they are sent.")
        yield text_to_sign(request, target=target), finding


def _hosts(request: SentRequest) -> list[tuple[str, str]]:
    url = request.url
    own = authority_of(url)
    port = DEFAULT_PORTS.get(url.scheme)
    return [
        (f"{own}/", "with a slash at its end, as azure-communication-identity signs it when the endpoint ends in one"),
        (own, "of the URL, while another one is sent in the Host header"),
        (f"{own}:{port}", "with the default port, which is not sent"),
        (own.rpartition(":")[0] or own, "without the port"),
        (url.netloc, "in the spelling of the endpoint, while it is sent in lower case without a default port"),
        (f"{url.netloc}/", "in the spelling of the endpoint with a slash at its end"),
        (f"{url.scheme}://{own}", "with the scheme before it"),
        (f"{url.scheme}://{own}/", "with the scheme before it and a slash at its end"),
    ]


def _targets(request: SentRequest) -> list[tuple[str, str]]:
    path, query = request.url.path or "/", request.url.query
    end = f"?{query}" if query else ""
    escaped = "/".join(part if part.startswith(":") else part.replace(":", "%3A") for part in path.split("/"))
    form = urlencode(parse_qsl(query, keep_blank_values=True))
    return [
        (unquote(path) + end, "path with its percent-escapes resolved"),
        (escaped + end, "path with its colons percent-encoded"),
        (quote(path, safe="/:") + end, "path percent-encoded once more"),
        (unquote(path + end), "path and query with their percent-escapes resolved"),
        (path, "path without its query"),
        (f"{path}?{form}", "query in another spelling"),
        (f"/{path}{end}", "path with another slash before it"),
    ]


def _target(request: SentRequest) -> str:
    return f"{request.url.path or '/'}?{request.url.query}" if request.url.query else request.url.path or "/"


def text_to_sign(request: SentRequest, *, host: str | None = None, target: str | None = None) -> str:
    """Return the text that the signature of a well-formed request covers, or covers with another host or target."""
    structure = _STRUCTURE.fullmatch(request.headers["authorization"])
    date = request.headers[_DATE_HEADERS[structure[1]]] if structure else ""
    url = request.url if target is None else SplitResult("", "", target, "", "")
    return string_to_sign(
        request.method, target_of(url), host or request.host, date, request.headers["x-ms-content-sha256"]
    )


def malformed(request: SentRequest) -> str:
    """Return what is wrong with the form of a signed request; an empty text when nothing is."""
    structure = _STRUCTURE.fullmatch(request.headers.get("authorization", ""))
    if structure is None:
        return "The Authorization header has neither the form of a signature nor that of a bearer token."
    if structure[1] not in _DATE_HEADERS:
        return "The signed headers must be x-ms-date;host;x-ms-content-sha256, in this order."
    date = _DATE_HEADERS[structure[1]]
    missing = [name for name in (date, "x-ms-content-sha256") if name not in request.headers]
    if missing:
        return f"The header {missing[0]} is signed but not in the request."
    if _http_date(request.headers[date]) is None:
        return f"The header {date} must look like: Wed, 13 Apr 2022 18:09:12 GMT."
    return ""


def side_by_side(expected: str, signed: str) -> str:
    r"""Return two strings to sign line by line: one line where they are equal, else both with a mark below.

    >>> print(side_by_side("GET\n/a", "GET\n/b"))
                GET
      expected: /a
      signed:   /b
                 ^
    """
    shown: list[str] = []
    for wanted, given in zip_longest(expected.split("\n"), signed.split("\n")):
        if wanted == given:
            shown.append(f"            {_plain(wanted)}")
            continue
        # Escapes are made first: the mark counts what is seen.
        left, right = _plain(wanted), _plain(given)
        pairs = zip(left, right, strict=False)
        column = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(left), len(right)))
        shown += [f"  expected: {left}", f"  signed:   {right}", f"            {' ' * column}^"]
    return "\n".join(shown)


def _plain(line: str | None) -> str:
    return "(no such line)" if line is None else line.encode("unicode_escape").decode("ascii")


def _hash_differs(evidence: Evidence) -> bool:
    body = evidence.request.body
    if body is not None and content_hash(body) != evidence.request.headers["x-ms-content-sha256"]:
        return True
    return "content hash" in (evidence.message or "")


def _find_bearer(evidence: Evidence, token: str) -> Finding:
    scopes = _USER_SCOPES if _is_exchange(evidence.request) else _MANAGEMENT_SCOPE
    remedy = f"Get a token for the scope {scopes}."
    claims = _claims(token)
    if not claims:
        return Finding(Cause.ENTRA_TOKEN, "The bearer token cannot be read; it is probably none of Entra ID.", remedy)
    answered = _http_date(evidence.headers.get("date", ""))
    expires, begins, audience = claims.get("exp"), claims.get("nbf"), claims.get("aud")
    if answered and isinstance(expires, int | float) and expires <= answered.timestamp():
        return Finding(Cause.ENTRA_TOKEN, "The bearer token has expired.", remedy)
    if answered and isinstance(begins, int | float) and begins > answered.timestamp():
        return Finding(
            Cause.ENTRA_TOKEN, "The bearer token is not valid yet.", "Set the clock of the machine that issued it."
        )
    if isinstance(audience, str) and "://" in audience and "communication.azure." not in audience:
        return Finding(
            Cause.ENTRA_TOKEN, "The bearer token is for another service than Communication Services.", remedy
        )
    if _is_exchange(evidence.request):
        return Finding(Cause.ENTRA_TOKEN, "The service does not accept the Entra ID token of the user.", remedy)
    return Finding(
        Cause.ROLE,
        "The bearer token looks right, so the caller probably has no role on the resource.",
        "Give the caller a role on the Communication Services resource, for example Contributor, "
        "on the resource's page, Access control; it can take some minutes.",
    )


def _claims(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, unverified; none when it is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = json.loads(payload)
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return cast(dict[str, Any], claims) if isinstance(claims, dict) else {}


def clock_offset(evidence: Evidence) -> timedelta | None:
    """Return the date of the answer minus the date that was signed; None when one of them cannot be read."""
    headers = evidence.request.headers
    structure = _STRUCTURE.fullmatch(headers.get("authorization", ""))
    name = _DATE_HEADERS.get(structure[1], "x-ms-date") if structure else "x-ms-date"
    signed, answered = _http_date(headers.get(name, "")), _http_date(evidence.headers.get("date", ""))
    return None if signed is None or answered is None else answered - signed


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _spoken(span: timedelta) -> str:
    """Return a time span in words, for example "12 minutes".

    >>> _spoken(timedelta(hours=26))
    '26 hours'
    """
    minutes = round(span / timedelta(minutes=1))
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{round(minutes / 60)} hours" if minutes < 72 * 60 else f"{round(minutes / 1440)} days"
