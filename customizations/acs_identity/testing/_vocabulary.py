"""What the contract, Entra ID and HTTP call the values that must not be seen."""

import re
from functools import lru_cache
from typing import Final

from ._fakes import GUID_PATTERN

_CREDENTIALS = {
    "token": "accesstoken idtoken assertion clientassertion bearertoken",
    "credential": (
        "clientsecret clientsecrets password secret codeverifier privatekey refreshtoken devicecode usercode sig "
        "signature apikey sharedaccesskey sas authorization cookie sessionkey"
    ),
    "opaque token": "continuationtoken skiptoken",
    "client info": "clientinfo",
    "access key": "accesskey primarykey secondarykey accountkey",
    "user name": "username upn loginhint email preferredusername",
    "tenant id": "tenantid tid tenant",
    "object id": "objectid oid principalid",
    "client id": "appid azp clientid clientids applicationid",
    "resource id": "immutableresourceid",
    "request id": "traceid correlationid clientrequestid requestid",
}
_KINDS = {name: kind for kind, names in _CREDENTIALS.items() for name in names.split()}
# They mean this in the contract only; elsewhere they are names of anything.
_CONTRACT_KINDS = {
    "id": "identity id",
    "token": "token",
    "userid": "object id",
    "customid": "custom id",
    "resourceid": "resource id",
}

SEGMENT_KINDS: Final = {
    "identities": "identity id",
    "tenants": "tenant id",
    "assignments": "object id",
    "userrealm": "user name",
}
"""What the segment of a path is that follows one of these."""

TIMES: Final = {"expiresOn", "expires_on", "lastTokenIssuedAt", "tokensValidFrom", "timestamp"}
"""Members that hold a time."""

_WORDS = """
    .well-known accept access accessKey accessToken acs acsScope adfs anonymous api-version appId application
    assignments Bearer chat chat.join chat.join.limited clientIds code common communication consumers
    createTokenWithScopes customId custom details dod emulator endpoint entra error example exchangeAccessToken expired
    expiresInMinutes expiresOn fake false gcch garbage header host https identities identity innererror invalid
    issueAccessToken lastTokenIssuedAt localhost message nextLink nobody none null objectId organizations orgid password
    principalType resource resourceAccount revokeAccessTokens scope scopes secret spool string target teamsExtension
    teamsResourceAccount teamsUser tenantId tenants test token tokens tokensValidFrom true undefined unknown user userId
    username value voip voip.join wf wrong
"""
ORDINARY: Final = frozenset(_WORDS.lower().split())
"""Words of the contract, and of tests of it, in small letters: no secrets, and all over a recording."""

JWT_PATTERN: Final = r"eyJ[\w-]{8,}(?:\.[\w-]*){0,4}"
"""A JWT or the beginning of one, in ASCII."""

RAW_ID_PATTERN: Final = (
    r"(?:(?<!\d)8:(?:acs|dod-acs|gcch-acs):[\w.-]+"
    r"|(?<!\d)(?:8|28):(?:spool|orgid|dod|gcch|teamsvisitor|dod-global|gcch-global):[\w.-]+"
    r"|(?<![\w:])4:\+?\d{4,15})"
)
"""The raw id of an identity, in ASCII and any case."""

ANYWHERE: Final = tuple(
    (kind, re.compile(pattern, re.ASCII | flags))
    for kind, pattern, flags in (
        ("token", rf"(?:(?<=%[0-9A-Fa-f]{{2}})|(?<![A-Za-z0-9+/.]))({JWT_PATTERN})", 0),
        ("identity id", rf"({RAW_ID_PATTERN})", re.IGNORECASE),
        ("skypeid", rf"(?<![\w:])(acs:{GUID_PATTERN}_[\w-]+)", re.IGNORECASE),
        ("phone number", r"(?<![\w+/=.:-])(\+[1-9]\d{6,14})(?![\w+/=])", 0),
        ("access key", r"(?:accesskey|accountkey|sharedaccesskey)=([\w+/-]+={0,2})", re.IGNORECASE),
        ("credential", r"(?<![a-z])(?:signature|sig)=([\w+/%-]{8,}={0,2})", re.IGNORECASE),
        ("credential", r"\bBearer\s+([\w.~+/-]{20,}=*)", re.IGNORECASE),
        ("host", r"(?<![\w.%-])([\w.-]{1,200}\.communication\.azure\.[a-z]{2,3}(?::\d+)?)", re.IGNORECASE),
    )
)
"""What can be told in any text, by kind; the first group is the value."""

ANY_GUID: Final = re.compile(rf"(?<![\w-])({GUID_PATTERN})(?![\w-])", re.ASCII)
TIME: Final = re.compile(r"\b(20\d\d-\d\d-\d\d)([T ])(\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)

PUBLIC_HOSTS: Final = {"auth.msft.communication.azure.com", "auth.msft.communication.azure.us"}
"""They are parts of the names of scopes."""
LOGIN_HOST: Final = re.compile(
    r"login\.(?:microsoftonline\.(?:com|us|de)|microsoft\.com|windows\.net|chinacloudapi\.cn|usgovcloudapi\.net"
    r"|partner\.microsoftonline\.cn)|sts\.windows\.net"
)
OUR_HOST: Final = re.compile(r"(?:.+\.)?communication\.azure\.[a-z]{2,3}")
OUR_PATH: Final = re.compile(r"/(?:identities|access|teamsUser|_emulator)(?:[/:?]|$)", re.IGNORECASE)

KEPT_OF_REQUEST: Final = {"accept", "content-type", "content-length"}
KEPT_OF_ANSWER: Final = {
    *("content-type", "content-length", "date", "location", "api-supported-versions", "www-authenticate"),
    *("retry-after", "retry-after-ms", "x-ms-retry-after-ms"),
}
CREDENTIAL_HEADER: Final = re.compile(
    r"auth|cookie|token|key|secret|signature|credential|password|session|sas|cert|request-id|correlation|ms-cv"
    r"|azure-ref|user-agent|content-sha256"
)
"""Headers, in small letters, whose values are secret, also where they are kept by default."""
PASSING_HEADER: Final = re.compile(
    r"trace|server-timing|x-ms-date|content-encoding|transfer-encoding|forwarded|real-ip|x-emulator-reason"
)
"""Headers, in small letters, that are wrong or different at each playback."""

EMPTY_HASH: Final = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""The content hash of an empty body."""


@lru_cache(maxsize=1024)
def member_kind(name: str, *, is_ours: bool) -> str | None:
    """Return what the value of a JSON member, of a parameter or of a field of a form is; None for all others.

    Args:
        name: The name, in any notation: ``tenantId``, ``tenant_id``.
        is_ours: Whether it is part of a request to Azure Communication Services or of an answer.
    """
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return _KINDS.get(plain) or (_CONTRACT_KINDS.get(plain) if is_ours else None)
