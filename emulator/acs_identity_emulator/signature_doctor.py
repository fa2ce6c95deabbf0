"""Explaining a refused signature: what was expected, what came, and where it can be found out, what was signed.

What the client signed is not on the wire. The doctor tries, with the emulator's key, what is often signed by mistake,
until one of it gives the signature that came.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import combinations, islice
from typing import Final

from .comparison import (
    Comparison,
    Parts,
    Side,
    SignatureCheck,
    find_difference,
    hide_ids,
    map_side,
    quoted,
    secret_hider,
    side,
    spellings,
)
from .emulator import DEVELOPMENT_ACCESS_KEY
from .messages import Request
from .suspicions import ENCODINGS, KNOWN_KEYS, LAYOUTS, Part, Suspicion, hashed_instead, suspicions
from .times import format_http_date

TRIALS: Final = 300
"""How many signatures are made to explain one, at most; this takes about a millisecond."""

SIGNED_HEADERS: Final = "x-ms-date;host;x-ms-content-sha256"
"""What ``SignedHeaders`` has to be."""

_FORM: Final = "HMAC-SHA256 SignedHeaders=...&Signature=..."
_OTHER_SCHEMES: Final = ("HMAC-SHA1", "HMAC-SHA512", "HMAC", "SharedKey", "SharedKeyLite", "AWS4-HMAC-SHA256", "Basic")
# Whatever is long enough for a key, a token or a signature; the names of the signed headers are shorter.
_CREDENTIAL: Final = re.compile(r"[A-Za-z0-9+/_.-]{20,}={0,2}", re.ASCII)
_PROXY_HEADERS: Final = ("via", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")
_KNOWN_KEYS: Final = {
    "the development key of this emulator, which has another one now": DEVELOPMENT_ACCESS_KEY,
    **KNOWN_KEYS,
}
_HEXADECIMAL: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+", re.ASCII)
_LAYOUT_REMEDY: Final = "sign three lines with \\n between them: the method, path and query, and date;host;content hash"
_REMEDIES: Final[dict[Part, str]] = {
    "method": "sign the method as it is sent",
    "target": "sign path and query exactly as they are sent",
    "date": "sign the date header exactly as it is sent",
    "content_hash": "sign the header x-ms-content-sha256 exactly as it is sent",
}


_Fault = tuple[str, str]
"""What is wrong, after "you", and what to do about it."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """A string to sign, how it may have been signed, and what is wrong with that."""

    parts: Parts
    text: str
    key: bytes
    suspects: tuple[Suspicion, ...] = ()
    faults: tuple[_Fault, ...] = ()
    encoding: str = "utf-8"
    algorithm: str = "sha256"

    def digest(self) -> bytes:
        return hmac.digest(self.key, self.text.encode(self.encoding, "replace"), self.algorithm)


class SignatureDoctor:
    """Explains why requests signed with an access key are refused. What it says shows no key, token or signature.

    Args:
        key: The decoded access key of the resource.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._key_texts = [base64.b64encode(key).decode("ascii"), key.hex(), key.decode("latin-1")]

    def missing_authorization(self, request: Request, now: datetime) -> Comparison:
        """Say what a request without an Authorization header lacks."""
        cause = "the request has no Authorization header: sign it or send an Entra ID token"
        if request.header("proxy-authorization") is not None:
            cause = f"{cause}; Proxy-Authorization is for proxies only"
        return self._compare(request, "header", now, cause)

    def malformed_authorization(self, request: Request, authorization: str, now: datetime) -> Comparison:
        """Say what is malformed of an Authorization header that is neither a signature nor a bearer token."""
        cause = f"{_fault_of_form(authorization)}: the Authorization header must be: {_FORM} or: Bearer ..."
        return self._compare(request, "form", now, cause)

    def other_signed_headers(self, request: Request, signed_headers: str, now: datetime) -> Comparison:
        """Say in what the list of signed headers differs."""
        cause = f"SignedHeaders must be {SIGNED_HEADERS}: {_fault_of_signed_headers(signed_headers)}"
        return self._compare(request, "form", now, cause)

    def missing_header(self, request: Request, name: str, now: datetime) -> Comparison:
        """Say that a signed header is not in the request."""
        cause = f"the signed header {name} is not in the request: send it as it was signed"
        if name == "x-ms-date" and request.header("date") is not None:
            cause = f"{cause}; there is a Date header, to sign that one SignedHeaders begins with date"
        return self._compare(request, "header", now, cause)

    def malformed_date(self, request: Request, name: str, date: str, now: datetime) -> Comparison:
        """Say what is malformed of a date."""
        cause = f"the header {name} must look like: Wed, 13 Apr 2022 18:09:12 GMT, but it {_fault_of_date(date)}"
        return self._compare(request, "date", now, cause, date)

    def skewed_date(self, request: Request, name: str, date: str, now: datetime, allowed: timedelta) -> Comparison:
        """Say how far a well-formed date is off."""
        offset = _offset(date, now) or 0.0
        cause = (
            f"the header {name} is {abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} the emulator's clock "
            f"({date} came, it is {format_http_date(now)}), allowed are {allowed.total_seconds():.0f} s: correct the "
            "clock or sign anew"
        )
        return self._compare(request, "date", now, cause, date)

    def other_content_hash(self, request: Request, date: str, content_hash: str, now: datetime) -> Comparison:
        """Say what a content hash is, that is not the one of the body."""
        what = hashed_instead(request.body, content_hash)
        cause = (
            f"x-ms-content-sha256 is not the base64 SHA-256 of the body that arrived, {len(request.body)} bytes: "
            f"{f'it is {what}' if what else 'the body was changed after hashing, or another one was hashed'}; "
            "hash the bytes that are sent"
        )
        return self._compare(request, "content-hash", now, cause, date, is_date_right=True)

    def other_signature(self, request: Request, parts: Parts, signature: str, now: datetime) -> Comparison:
        """Say what was signed in the place of the right string to sign, or that this is not found.

        Args:
            request: The request.
            parts: What should have been signed.
            signature: The signature that came, which is not the one of the parts.
            now: The present time, in UTC.
        """
        found = _find(request, parts, signature, self._key)
        hide = secret_hider([*self._key_texts, *_credentials(request)])
        expected = map_side(side(parts), hide)
        if found is None:
            received: Side = {**expected, "string_to_sign": None}
            cause = _unexplained(request)
        else:
            trial, cause = found
            received = map_side(side(trial.parts, trial.text), hide)
        return {
            "check": "signature",
            "expected": expected,
            "received": received,
            "difference": find_difference(expected["string_to_sign"], received["string_to_sign"]),
            "clock_offset_seconds": _offset(parts.date, now),
            "cause": _one_line(hide(cause)),
        }

    def _compare(
        self,
        request: Request,
        check: SignatureCheck,
        now: datetime,
        cause: str,
        date: str | None = None,
        *,
        is_date_right: bool = False,
    ) -> Comparison:
        """Compare what was sent, of which nothing is known to be signed, with what should have been."""
        sent = date if date is not None else request.header("x-ms-date") or request.header("date")
        parts = Parts(
            method=request.method,
            target=request.target,
            date=date if date is not None and is_date_right else format_http_date(now),
            host=request.header("host") or "",
            content_hash=base64.b64encode(hashlib.sha256(request.body).digest()).decode("ascii"),
        )
        hide = secret_hider([*self._key_texts, *_credentials(request)])
        return {
            "check": check,
            "expected": map_side(side(parts), hide),
            "received": map_side(
                {
                    "string_to_sign": None,
                    "date": sent,
                    "host": request.header("host"),
                    "content_hash": request.header("x-ms-content-sha256"),
                },
                hide,
            ),
            "difference": None,
            "clock_offset_seconds": None if sent is None else _offset(sent, now),
            "cause": _one_line(hide(cause)),
        }


def _find(request: Request, parts: Parts, signature: str, key: bytes) -> tuple[_Trial, str] | None:
    readings = _readings(signature)
    for trial in islice(_trials(request, parts, key), TRIALS):
        digest = trial.digest()
        for fault_of_writing, given in readings:
            if hmac.compare_digest(digest, given):
                faults = [*(_fault_of(suspicion, parts) for suspicion in trial.suspects), *trial.faults]
                faults += [fault_of_writing] if fault_of_writing else []
                if faults:
                    what, remedies = zip(*faults, strict=True)
                    return trial, f"you {' and '.join(what)}: {'; '.join(dict.fromkeys(remedies))}"
    return None


def _fault_of(suspicion: Suspicion, parts: Parts) -> _Fault:
    own_host = f"sign {quoted(parts.host)}, the Host header as it arrived"
    return f"signed {suspicion.what}", _REMEDIES.get(suspicion.part, own_host)


def _trials(request: Request, parts: Parts, key: bytes) -> Iterator[_Trial]:
    same = [parts._replace(target=target) for target in dict.fromkeys(spellings(parts.target))]
    found = list(suspicions(request, parts))
    common = [suspicion for suspicion in found if suspicion.is_common]
    keys = _other_keys(key)
    for base in same:
        yield _Trial(base, str(base), key)
    for other, fault in keys:
        for base in same:
            yield _Trial(base, str(base), other, faults=(fault,))
    for suspicion in found:
        yield _suspected(parts, key, suspicion)
    for what, lay_out in LAYOUTS:
        fault = f"signed {what}", _LAYOUT_REMEDY
        yield _Trial(parts, lay_out(parts), key, faults=(fault,))
    for encoding in ENCODINGS:
        fault = f"signed the bytes of {encoding.upper()}", "sign the bytes of UTF-8"
        yield _Trial(parts, str(parts), key, faults=(fault,), encoding=encoding)
    for algorithm in ("sha1", "sha512", "sha384", "md5"):
        fault = f"signed with HMAC-{algorithm.upper()}", "sign with HMAC-SHA256"
        yield _Trial(parts, str(parts), key, faults=(fault,), algorithm=algorithm)
    for base in same[1:]:
        for suspicion in common:
            if suspicion.part != "target":
                yield _suspected(base, key, suspicion)
    for first, second in combinations(common, 2):
        if first.part != second.part:
            yield _suspected(parts, key, first, second)
    for other, fault in keys[:1]:
        for suspicion in common:
            yield replace(_suspected(parts, other, suspicion), faults=(fault,))


def _suspected(parts: Parts, key: bytes, *suspects: Suspicion) -> _Trial:
    changed = parts._replace(**{suspicion.part: suspicion.value for suspicion in suspects})
    return _Trial(changed, str(changed), key, suspects)


def _other_keys(key: bytes) -> list[tuple[bytes, _Fault]]:
    text = base64.b64encode(key)
    decode, give = "decode the key from base64 first", "give the client the key of this emulator"
    keys = [
        (text, ("signed with the text of the key", decode)),
        (text + b"\n", ("signed with the text of the key and a line end", decode)),
        (text.decode("ascii").encode("utf-16-le"), ("signed with the text of the key in UTF-16", decode)),
        (key.hex().encode("ascii"), ("signed with the hexadecimal text of the key", decode)),
        (b"", ("signed with an empty key", give)),
    ]
    with suppress(binascii.Error, ValueError):
        twice = base64.b64decode(key, validate=True)
        keys.append((twice, ("signed with the key decoded from base64 twice", "decode the key from base64 once")))
    keys.extend((base64.b64decode(known), (f"signed with {whose}", give)) for whose, known in _KNOWN_KEYS.items())
    return [(other, fault) for other, fault in keys if other != key]


def _readings(signature: str) -> list[tuple[_Fault | None, bytes]]:
    """Return the digests that the text of a signature may stand for, each with what is wrong with how it is written."""
    write = "write its bytes in base64"
    padded = signature + "=" * (-len(signature) % 4)
    try:
        decoded = base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    fault: _Fault | None = None
    if padded != signature:
        fault = "wrote the signature without the = at its end", write
    elif base64.b64encode(decoded).decode("ascii") != signature:
        fault = "wrote the signature in base64 with stray bits at its end", write
    readings: list[tuple[_Fault | None, bytes]] = [(fault, decoded)]
    if _HEXADECIMAL.fullmatch(signature):
        readings.append((("wrote the signature in hexadecimal", write), bytes.fromhex(signature)))
    text = decoded.decode("latin-1")
    if _HEXADECIMAL.fullmatch(text):
        readings.append((("wrote the signature as base64 of its hexadecimal", write), bytes.fromhex(text)))
    return readings


def _unexplained(request: Request) -> str:
    cause = (
        "the signature was made with another key or over another string: none of the usual mistakes in method, path, "
        "query, date, host, content hash, layout and encoding gives it, so compare the keys first"
    )
    through = [name for name in _PROXY_HEADERS if request.header(name) is not None]
    return (
        f"{cause}; the header {through[0]} tells of a proxy, which may have changed the request" if through else cause
    )


def _fault_of_form(authorization: str) -> str:
    text = authorization.strip()
    scheme, _, rest = text.partition(" ")
    parameters = rest.lower()
    if not text:
        return "it is empty"
    if scheme.lower() != "hmac-sha256":
        if text.startswith("eyJ"):
            return "it is a token without the word Bearer before it"
        if parameters.startswith(("signedheaders", "credential")) or scheme.lower().startswith("signedheaders"):
            return "it does not begin with HMAC-SHA256 and a blank"
        known = next((name for name in _OTHER_SCHEMES if name.lower() == scheme.lower()), None)
        return f"it has the scheme {known}" if known else "it begins with neither HMAC-SHA256 nor Bearer"
    faults = {
        "HMAC-SHA256 is not in upper case": scheme != "HMAC-SHA256",
        "nothing follows HMAC-SHA256": not rest.strip(),
        "it has quotation marks": '"' in rest or "'" in rest,
        "it has the parameter Credential, which is for other services": "credential=" in parameters,
        "the parameter SignedHeaders is missing": "signedheaders=" not in parameters,
        "the parameter Signature is missing": "signature=" not in parameters,
        "the parameters are written SignedHeaders and Signature": "SignedHeaders=" not in rest
        or "Signature=" not in rest,
        "SignedHeaders comes first, then Signature": rest.find("Signature=") < rest.find("SignedHeaders="),
        "there is no single & between SignedHeaders and Signature": not re.search(r"[^&\s,;]&Signature=", rest),
        "there are blanks or line ends in it": authorization != text or re.search(r"\s", rest) is not None,
    }
    return next((fault for fault, is_there in faults.items() if is_there), None) or _fault_of_signature(rest)


def _fault_of_signature(parameters: str) -> str:
    signature = parameters.partition("&Signature=")[2]
    if not signature:
        return "the signature is empty"
    if re.search("%[0-9A-Fa-f]{2}", signature):
        return "the signature is percent-encoded"
    if re.fullmatch(r"[\w-]+={0,2}", signature, re.ASCII):
        return "the signature is in url-safe base64, write + for - and / for _"
    return "the signature is not base64"


def _fault_of_signed_headers(signed_headers: str) -> str:
    wanted = SIGNED_HEADERS.split(";")
    names = re.split("[;,]", signed_headers.lower())
    missing = [name for name in wanted if name not in names and (name, "date") != ("x-ms-date", names[0])]
    if missing:
        return f"it lacks {' and '.join(missing)}"
    if "," in signed_headers:
        return "semicolons separate the names"
    if len(names) > len(wanted):
        return "it has further names"
    return "it is in another case" if names == wanted else "it is in another order"


def _fault_of_date(date: str) -> str:
    if not date.strip():
        return "is empty"
    if date.isdecimal():
        return "is a number"
    if re.match(r"\d{4}-\d\d-\d\d", date):
        return "is a time in ISO 8601"
    if re.search(r"(?:[+-]\d{4}|UTC|Z)$", date):
        return "ends in another zone than GMT"
    moment = _lenient_date(date)
    if moment is None:
        return "is no time"
    if date[3:] == format_http_date(moment)[3:]:
        return "names another day of the week than that of the date"
    return "is written in another way"


def _offset(date: str, now: datetime) -> float | None:
    moment = _lenient_date(date)
    return None if moment is None else round((moment - now).total_seconds(), 3)


def _lenient_date(text: str) -> datetime | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text[:100])
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _credentials(request: Request) -> list[str]:
    """Return what in the Authorization header nobody may see."""
    return _CREDENTIAL.findall(request.header("authorization") or "")


def _one_line(cause: str) -> str:
    return hide_ids(cause).encode("ascii", "backslashreplace").decode("ascii")
