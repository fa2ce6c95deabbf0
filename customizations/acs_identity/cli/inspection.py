"""Shows what is in an access token, without sending it anywhere."""

import base64
import json
import re
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, cast

import typer

from acs_identity.cli.exits import NO_CONNECTION, REFUSED, USAGE, CommandError
from acs_identity.cli.output import note
from acs_identity.cli.session import Printing, read_secret, with_printing

# JSON objects in base64 begin so. The letters are those of both alphabets, and the padding that some add.
_TOKEN: Final = re.compile(r"eyJ[\w+/=-]*(?:\.[\w+/=-]*){2,}", re.ASCII)
# Of 2048 bits, the shortest key that RS256 may have.
_RS256_BYTES: Final = 256
_KEYS_PATH: Final = "/_emulator/jwks.json"
_NOT_VERIFIED: Final = "not verified"
_VALID: Final = "valid"


@with_printing
def inspect_token(
    printing: Printing,
    token: Annotated[
        str | None,
        typer.Argument(
            metavar="[TOKEN]",
            help="The token. Better on stdin (- or nothing), where nobody else on the machine sees it. Quotes, "
            "Bearer, or what token issue prints may be around it.",
        ),
    ] = None,
    jwks: Annotated[
        str | None,
        typer.Option(
            "--jwks", metavar="URL|FILE", help="Verify the signature with these keys; an emulator's address will do."
        ),
    ] = None,
) -> None:
    """Show what is in an access token: user, resource, scopes, time left and all claims.

    It is not sent anywhere. Without --jwks the signature is not verified: anybody may have written the token.
    """
    text = found_token(_read_token() if token in {None, "-"} else str(token))
    header, claims, signature = _parts(text)
    verified = _NOT_VERIFIED if jwks is None else _verified(text, jwks)
    printing.print({**described(claims, time.time()), "verification": verified, "header": header, "claims": claims})
    if header.get("alg") == "RS256" and len(signature) < _RS256_BYTES:
        note("The signature is too short: the end of the token is missing.")
    if jwks is None:
        note("The signature was not verified: anybody may have written this token.")
    elif verified != _VALID:
        raise CommandError(f"The signature is not valid: {verified}.", REFUSED)


def described(claims: dict[str, Any], now: float) -> dict[str, Any]:
    """Return what the claims of a token say, in words and with times.

    Args:
        claims: As they are in the token.
        now: The present time, in seconds since 1970.
    """
    expires = _time(claims.get("exp"))
    starts = _time(claims.get("nbf"))
    if isinstance(claims.get("skypeid"), str):
        scopes = claims.get("acsScope")
        user_id = f"8:{claims['skypeid']}"
        subject = {
            "kind": "access token of Communication Services",
            "user_id": user_id,
            "user_kind": _user_kind(user_id),
            "resource_id": claims.get("resourceId"),
            "scopes": scopes.split(",") if isinstance(scopes, str) else scopes,
        }
    elif "tid" in claims:
        scopes = claims.get("scp") or claims.get("roles")
        subject = {
            "kind": "Entra token",
            "object_id": claims.get("oid"),
            "tenant_id": claims.get("tid"),
            "client_id": claims.get("appid") or claims.get("azp"),
            "audience": claims.get("aud"),
            "scopes": scopes.split() if isinstance(scopes, str) else scopes,
        }
    else:
        subject = {"kind": "token of another issuer"}
    return {
        **subject,
        "issued_at": _time(claims.get("iat")),
        "expires_on": expires,
        "state": _state(starts, expires, datetime.fromtimestamp(now, UTC)),
    }


def _user_kind(user_id: str) -> str:
    """Return the kind of a user in words."""
    from acs_identity import (
        identifier_from_raw_id,
        is_communication_user,
        is_microsoft_teams_user,
        is_teams_extension_user,
    )

    user = identifier_from_raw_id(user_id)
    if is_teams_extension_user(user):
        return "Teams Phone extension user"
    if is_microsoft_teams_user(user):
        return "Teams user"
    if not is_communication_user(user):
        return "unknown"
    # Source: the ids in the examples of the contract and in tokens of the Entra exchange.
    return "Entra user" if "_wf_" in user_id else "Communication Services user"


def _state(starts: datetime | None, expires: datetime | None, now: datetime) -> str:
    if expires is None:
        return "without an end that can be read"
    if now >= expires:
        return f"expired {_spoken(now - expires)} ago"
    if starts is not None and now < starts:
        return f"begins in {_spoken(starts - now)}"
    return f"{_spoken(expires - now)} left"


def _spoken(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{number} {unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if number]
    return " ".join(parts[:2]) or f"{seconds} s"


def _time(seconds: Any) -> datetime | None:
    with suppress(TypeError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(int(seconds), UTC)
    return None


def _read_token() -> str:
    """Return all of stdin, which may be the JSON that token issue prints, or what is typed at a terminal."""
    return read_secret("Token") if sys.stdin.isatty() else sys.stdin.buffer.read().decode("utf-8", "replace")


def found_token(text: str) -> str:
    """Return the token in a text: without quotes, Bearer, the JSON or the command around it, or line breaks in it.

    Args:
        text: What was pasted. One that holds no token is returned as it is.

    Raises:
        CommandError: It is empty, is a connection string, or holds several tokens.
    """
    text = text.strip().strip("\"'").strip()
    if not text:
        raise CommandError("There is no token: stdin is empty.", USAGE)
    if "accesskey=" in text.lower():
        raise CommandError("This is a connection string, not a token. Whoever may have seen it has the key.", USAGE)
    tokens = set(_TOKEN.findall(text))
    if len(tokens) > 1:
        raise CommandError(f"There are {len(tokens)} tokens here. Give one of them, for example by --query.", USAGE)
    # Terminals break long lines when they are copied.
    joined = "".join(text.split())
    if _TOKEN.fullmatch(joined):
        return joined
    return tokens.pop() if tokens else text


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    parts = token.split(".")
    if len(parts) == 5:
        raise CommandError("The token is encrypted (it has five parts): only who it is for can read it.", USAGE)
    if len(parts) != 3:
        cut = " It may be cut off." if token.startswith("eyJ") else ""
        raise CommandError(
            f"This is no token: a token has three parts with dots between, not {len(parts)}.{cut}", USAGE
        )
    return _object(parts[0], "first"), _object(parts[1], "second"), _decoded(parts[2], "third")


def _object(part: str, which: str) -> dict[str, Any]:
    try:
        found: Any = json.loads(_decoded(part, which))
    except (ValueError, RecursionError) as error:
        raise CommandError(f"This is no token: its {which} part cannot be read. It may be cut off.", USAGE) from error
    if not isinstance(found, dict):
        raise CommandError(f"This is no token: its {which} part is no JSON object.", USAGE)
    return cast(dict[str, Any], found)


def _decoded(part: str, which: str) -> bytes:
    text = part.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise CommandError(f"This is no token: its {which} part is not base64. It may be cut off.", USAGE) from error


def _verified(token: str, jwks: str) -> str:
    """Return "valid", or why the signature is not."""
    try:
        import jwt
    except ModuleNotFoundError:
        raise CommandError('Verifying needs PyJWT. Run: pip install "acs-identity[cli,emulator]"', USAGE) from None
    try:
        keys = jwt.PyJWKSet.from_dict(json.loads(_read(jwks)))
    except (ValueError, TypeError, AttributeError, RecursionError, jwt.PyJWTError) as error:
        raise CommandError(f"There is no JSON Web Key Set at {jwks}.", USAGE) from error
    canonical = ".".join(part.rstrip("=") for part in token.split(".")).replace("+", "-").replace("/", "_")
    reason = "none of the keys has the id that the token names"
    try:
        wanted = jwt.get_unverified_header(canonical).get("kid")
        for key in keys.keys:
            if wanted not in {None, key.key_id}:
                continue
            try:
                # The signature alone: whether the token has expired is said elsewhere.
                jwt.PyJWS().decode(canonical, key.key, algorithms=["RS256"])
            except jwt.InvalidSignatureError:
                reason = "it was made with another key, or the token was changed"
            else:
                return _VALID
    except jwt.PyJWTError as error:
        reason = str(error)
    return reason


def _read(jwks: str) -> bytes:
    if not jwks.startswith(("http://", "https://")):
        return Path(jwks).read_bytes()
    from urllib.parse import urlsplit

    from azure.core.exceptions import AzureError
    from azure.core.rest import HttpRequest

    from acs_identity import Urllib3Transport

    url = jwks if urlsplit(jwks).path.strip("/") else jwks.rstrip("/") + _KEYS_PATH
    try:
        with Urllib3Transport(connection_timeout=10, read_timeout=10) as transport:
            return transport.send(HttpRequest("GET", url)).content
    except AzureError as error:
        raise CommandError(f"The keys at {url} were not reached: {error}", NO_CONNECTION) from error
