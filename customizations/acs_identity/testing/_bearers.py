"""Makes Entra ID tokens of an emulator for those that a recording has fakes of, or nothing."""

from datetime import timedelta
from typing import Any, Final, cast

from acs_identity_emulator import Emulator
from acs_identity_emulator.access import PERMISSIONS
from acs_identity_emulator.entra import CLIENT_ID, MANAGEMENT_AUDIENCE, OBJECT_ID, TENANT_ID

from ._beforehand import ASSIGNMENTS, principal_of
from ._fakes import EPOCH
from ._jwt import claims_of
from ._recorded import Recorded

TEAMS_USER_EXCHANGE: Final = "/teamsUser/:exchangeAccessToken"
"""The path of the exchange that has its Entra ID token in the body."""

_HOUR: Final = timedelta(hours=1)
_LONGEST: Final = timedelta(days=3650)


def is_exchange(recorded: Recorded) -> bool:
    """Whether the bearer token of a request is to be exchanged."""
    return recorded.path.startswith("/access/") and recorded.path.endswith("/:exchangeAccessToken")


def bearer_for(recorded: Recorded, emulator: Emulator) -> str | None:
    """Return the bearer token for a request; None when the access key is to sign it."""
    if is_exchange(recorded):
        answered: object = recorded.answered.get("accessToken")
        given = cast("dict[str, Any]", answered) if isinstance(answered, dict) else {}
        claims = recorded.bearer or _claims_behind(recorded, given, emulator)
        return _issued(_ended(claims, given), emulator, is_accepted=True)
    return emulator.entra.issue_token() if recorded.has_bearer else None


def time_left(claims: dict[str, Any]) -> timedelta:
    """Return how long a token lives after the moment of its recording; one hour when it does not say."""
    ends: object = claims.get("exp")
    if not isinstance(ends, int) or abs(seconds := ends - int(EPOCH.timestamp())) > _LONGEST.total_seconds():
        return _HOUR
    return timedelta(seconds=seconds)


def token_to_exchange(recorded: Recorded, emulator: Emulator) -> str | None:
    """Return the Entra ID token for the body of a request; None when the recorded one is to be sent, which is none."""
    token: object = recorded.asked.get("token")
    claims = claims_of(token) if isinstance(token, str) else None
    if claims is None and recorded.status >= 400:
        return None
    claims = claims or {"appid": recorded.asked.get("appId"), "oid": recorded.asked.get("userId")}
    return _issued(_ended(claims, recorded.answered), emulator, is_accepted=recorded.status < 400)


def _issued(claims: dict[str, Any], emulator: Emulator, *, is_accepted: bool) -> str:
    """Return a token of the emulator with the claims of a fake; what is missing is as in its other tokens."""

    def text(default: str, *names: str) -> str:
        return next((value for name in names if isinstance(value := claims.get(name), str)), default)

    groups: object = claims.get("groups")
    members = cast("list[object]", groups) if isinstance(groups, list) else []
    return emulator.entra.issue_token(
        tenant_id=text(TENANT_ID, "tid"),
        client_id=text(CLIENT_ID, "appid", "azp"),
        object_id=text(OBJECT_ID, "oid"),
        # Entra ID has more names for the service than the emulator.
        audience=MANAGEMENT_AUDIENCE if is_accepted else text(MANAGEMENT_AUDIENCE, "aud"),
        scope=text("user_impersonation", "scp"),
        group_ids=[group for group in members if isinstance(group, str)],
        expires_in=time_left(claims),
    )


def _claims_behind(recorded: Recorded, given: dict[str, Any], emulator: Emulator) -> dict[str, Any]:
    """Return claims of an Entra ID token for which the recorded access token could be given."""
    scopes = str(_claims_in(given).get("acsScope", "")).split(",")
    claims: dict[str, Any] = {"scp": " ".join(sorted(name for name in PERMISSIONS if name.lower() in scopes))}
    principal = principal_of(recorded)
    if principal is not None:
        claims |= {"tid": principal[0], "oid": principal[1]}
    if recorded.status >= 400:
        return claims
    for entry in emulator.export_state()[ASSIGNMENTS[recorded.path.split("/")[2]]]:
        is_group = entry["principal_type"] == "group"
        if principal is None or is_group or entry["object_id"] in principal:
            claims |= {"groups": [entry["object_id"]]} if is_group else {}
            claims |= {"appid": entry["client_ids"][0]} if entry["client_ids"] else {}
            if principal is None:
                claims |= {"tid": entry["tenant_id"], "oid": entry["object_id"]}
            break
    return claims


def _claims_in(given: dict[str, Any]) -> dict[str, Any]:
    token: object = given.get("token")
    return (claims_of(token) if isinstance(token, str) else None) or {}


def _ended(claims: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the claims of a token that was as old as the recorded access token, which ends with it, tells."""
    ends, begins = (_claims_in(given).get(name) for name in ("exp", "iat"))
    if not isinstance(ends, int) or not isinstance(begins, int):
        return claims
    own: object = claims.get("exp")
    end = int(EPOCH.timestamp()) + ends - begins
    return {**claims, "exp": min(own, end) if isinstance(own, int) else end}
