"""A fake Entra ID: it issues the tokens that the emulator accepts, and nothing else accepts them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeGuard, cast

if TYPE_CHECKING:
    from .entra_credentials import AsyncEntraCredential, EntraCredential
    from .keys import SigningKey

TENANT_ID: Final = "7e4a7000-0000-4000-8000-000000000001"
CLIENT_ID: Final = "c11e4700-0000-4000-8000-000000000002"
OBJECT_ID: Final = "0b1ec700-0000-4000-8000-000000000003"
MANAGEMENT_AUDIENCE: Final = "https://communication.azure.com/"

_MANAGEMENT_AUDIENCES = frozenset(f"https://communication.azure.com{slashes}" for slashes in ("", "/", "//"))
_USER_AUDIENCES = _MANAGEMENT_AUDIENCES | {f"https://auth.msft.communication.azure.com{end}" for end in ("", "/")}
_REAL_ISSUERS = (
    "https://sts.windows.net/",
    "https://sts.chinacloudapi.cn/",
    "https://login.microsoftonline.com/",
    "https://login.microsoftonline.us/",
    "https://login.partner.microsoftonline.cn/",
)
_URL = re.compile(r"https?://[A-Za-z0-9./-]{1,80}", re.ASCII)
# The year 3000, where every platform can still tell the date.
_END_OF_TIME = 32_503_680_000
_CLAIMS = ("iss", "aud", "iat", "nbf", "exp", "tid", "appid", "oid")


class EntraTokenError(Exception):
    """An Entra ID token is not valid; the text says why and holds nothing of the token."""


@dataclass(frozen=True, slots=True)
class EntraToken:
    """What a verified Entra ID token says.

    Attributes:
        tenant_id: The claim ``tid``.
        client_id: The claim ``appid``.
        object_id: The claim ``oid``.
        group_ids: The claim ``groups``, empty when there is none.
        permissions: The names in the claim ``scp``, empty when there is none.
        expires_on: The claim ``exp``, in UTC.
    """

    tenant_id: str
    client_id: str
    object_id: str
    group_ids: tuple[str, ...]
    permissions: tuple[str, ...]
    expires_on: datetime


class Entra:
    """The fake Entra ID of one emulator.

    Args:
        realm: Gives what tells the tokens of this emulator from those of another.
        key: Gives the signing key.
        clock: Gives the present time, in UTC.
        is_strict: Whether tokens are checked; where not, any JWT whose claims can be read is taken.
    """

    def __init__(
        self,
        realm: Callable[[], str],
        key: "Callable[[], SigningKey]",
        clock: Callable[[], datetime],
        *,
        is_strict: bool = True,
    ) -> None:
        self._realm = realm
        self._key = key
        self._clock = clock
        self._is_strict = is_strict

    def issue_token(
        self,
        *,
        tenant_id: str = TENANT_ID,
        client_id: str = CLIENT_ID,
        object_id: str = OBJECT_ID,
        audience: str = MANAGEMENT_AUDIENCE,
        scope: str = "user_impersonation",
        group_ids: Sequence[str] = (),
        expires_in: timedelta = timedelta(hours=1),
    ) -> str:
        """Return an RS256 JWT with the claims of a v1.0 access token of Entra ID.

        Args:
            tenant_id: The claim ``tid``.
            client_id: The claim ``appid``, the application.
            object_id: The claim ``oid``, the user or service principal.
            audience: The claim ``aud``. The operations of the resource take ``https://communication.azure.com``
                with zero, one or two trailing slashes; the token exchanges also
                ``https://auth.msft.communication.azure.com``.
            scope: The claim ``scp``: names of permissions with blanks between them.
            group_ids: The claim ``groups``, the groups of the user; left out when empty.
            expires_in: How long the token lives; negative for one that has expired already.
        """
        issued_at = int(self._clock().timestamp())
        claims: dict[str, object] = {
            "aud": audience,
            "iss": self._issuer(tenant_id),
            "iat": issued_at,
            "nbf": min(issued_at, issued_at + int(expires_in.total_seconds())),
            "exp": issued_at + int(expires_in.total_seconds()),
            "appid": client_id,
            "oid": object_id,
            "scp": scope,
            "sub": object_id,
            "tid": tenant_id,
            "ver": "1.0",
        }
        if group_ids:
            claims["groups"] = list(group_ids)
        import jwt

        key = self._key()
        return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid, "x5t": key.x5t})

    def credential(
        self,
        *,
        tenant_id: str = TENANT_ID,
        client_id: str = CLIENT_ID,
        object_id: str = OBJECT_ID,
        group_ids: Sequence[str] = (),
        expires_in: timedelta = timedelta(hours=1),
    ) -> "EntraCredential":
        """Return an azure-core ``TokenCredential``; see `issue_token` for the arguments."""
        from .entra_credentials import EntraCredential

        return EntraCredential(
            self,
            tenant_id=tenant_id,
            client_id=client_id,
            object_id=object_id,
            group_ids=group_ids,
            expires_in=expires_in,
        )

    def async_credential(
        self,
        *,
        tenant_id: str = TENANT_ID,
        client_id: str = CLIENT_ID,
        object_id: str = OBJECT_ID,
        group_ids: Sequence[str] = (),
        expires_in: timedelta = timedelta(hours=1),
    ) -> "AsyncEntraCredential":
        """Return an azure-core ``AsyncTokenCredential``; see `issue_token` for the arguments."""
        from .entra_credentials import AsyncEntraCredential

        return AsyncEntraCredential(
            self,
            tenant_id=tenant_id,
            client_id=client_id,
            object_id=object_id,
            group_ids=group_ids,
            expires_in=expires_in,
        )

    def verify(self, token: str, *, for_exchange: bool) -> EntraToken:
        """Check a token of this fake Entra ID: signature, issuer, audience and lifetime, without leeway.

        Args:
            token: The JWT.
            for_exchange: Whether it is to be exchanged, which permits more audiences.

        Raises:
            EntraTokenError: The token is not valid.
        """
        if not self._is_strict:
            return self._taken(token)
        claims = self._signed_claims(token)
        now = self._clock().timestamp()
        audiences = _USER_AUDIENCES if for_exchange else _MANAGEMENT_AUDIENCES
        if claims["iss"] != self._issuer(claims["tid"]):
            raise EntraTokenError("another emulator issued the Entra ID token: take one of this emulator")
        if now >= claims["exp"]:
            raise EntraTokenError(
                f"the Entra ID token expired {int(now - claims['exp'])} s ago, by the emulator's clock: get a new one"
            )
        if now < claims["nbf"]:
            raise EntraTokenError(
                f"the Entra ID token is valid in {int(claims['nbf'] - now)} s only, by the emulator's clock"
            )
        if claims["aud"] not in audiences:
            came = f", {claims['aud']}" if _URL.fullmatch(str(claims["aud"])) else ""
            scope = "https://communication.azure.com/.default"
            raise EntraTokenError(f"the Entra ID token is for another audience{came}: ask for the scope {scope}")
        return EntraToken(
            tenant_id=claims["tid"],
            client_id=claims["appid"],
            object_id=claims["oid"],
            group_ids=tuple(claims.get("groups", ())),
            permissions=tuple(claims.get("scp", "").split()),
            expires_on=datetime.fromtimestamp(claims["exp"], UTC),
        )

    @staticmethod
    def expiry_of(token: str) -> int:
        """Return when a token that was issued here ends, in epoch seconds."""
        import jwt

        return int(jwt.decode(token, options={"verify_signature": False})["exp"])

    def _issuer(self, tenant_id: str) -> str:
        return f"https://sts.emulator.localhost/{self._realm()}/{tenant_id}/"

    def _signed_claims(self, token: str) -> dict[str, Any]:
        import jwt

        try:
            claims = jwt.decode(
                token,
                self._key().private.public_key(),
                algorithms=["RS256"],
                options={
                    "require": list(_CLAIMS),
                    # These are checked against the emulator's own clock, which PyJWT does not know.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_aud": False,
                },
            )
            # Identities are named after these, and half a surrogate pair, which JSON can escape, is no text to keep.
            f"{claims['tid']}{claims['oid']}".encode()
            return claims
        except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
            raise EntraTokenError(_fault(token, error)) from None

    def _taken(self, token: str) -> EntraToken:
        """Read a token of any issuer; what it lacks is as in a token that is issued here."""
        claims = _unverified(token)
        if claims is None:
            raise EntraTokenError("the bearer token is not a JWT whose claims can be read")

        def text(default: str, *names: str) -> str:
            return next((value for name in names if _is_text(value := claims.get(name))), default)

        now = self._clock()
        expires: object = claims.get("exp")
        groups: object = claims.get("groups")
        members = cast(list[object], groups) if isinstance(groups, list) else []
        is_alive = isinstance(expires, int | float) and now.timestamp() < expires < _END_OF_TIME
        return EntraToken(
            tenant_id=text(TENANT_ID, "tid"),
            client_id=text(CLIENT_ID, "appid", "azp"),
            object_id=text(OBJECT_ID, "oid", "sub"),
            group_ids=tuple(group for group in members if isinstance(group, str)),
            permissions=tuple(text("", "scp").split()),
            expires_on=datetime.fromtimestamp(cast(float, expires), UTC) if is_alive else now + timedelta(hours=1),
        )


def _is_text(value: object) -> TypeGuard[str]:
    try:
        return isinstance(value, str) and bool(value.encode())
    except UnicodeEncodeError:
        return False


def _unverified(token: str) -> dict[str, Any] | None:
    import jwt

    try:
        claims: object = jwt.decode_complete(token, options={"verify_signature": False})["payload"]
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        return None
    return cast(dict[str, Any], claims) if isinstance(claims, dict) else None


def _fault(token: str, error: Exception) -> str:
    """Return what is wrong with a token that is none of the emulator's; nothing of the token is in it."""
    import jwt

    own = "take one of this emulator, /_emulator/entra-token"
    claims = _unverified(token)
    if not token:
        return "there is no token after the word Bearer"
    if claims is None:
        return f"the Entra ID token is not an RS256 JWT of the emulator's fake Entra ID, nor any other JWT: {own}"
    issuer = str(claims.get("iss", ""))
    if issuer.startswith(_REAL_ISSUERS):
        return f"the token is one of the real Entra ID, and the emulator only takes those of its own: {own}"
    if "skypeid" in claims:
        return f"the token is an access token of an identity, not one of Entra ID: {own}"
    if isinstance(error, jwt.InvalidSignatureError):
        return f"the Entra ID token is signed with another key: {own}"
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"the Entra ID token lacks the claim {error.claim}"
    return f"the Entra ID token is not an RS256 JWT of the emulator's fake Entra ID: {own}"
