"""The exchange of Entra ID tokens without its input and output: which operation, which token, when anew."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ._models import AccessToken

DEFAULT_SCOPES = ("https://communication.azure.com/clients/.default",)


class ExchangeOperation(NamedTuple):
    """Where the operation ``exchange_access_token`` is that takes the tokens of a family of scopes."""

    package: str
    """The generated package of its API version."""
    group: str
    """The operation group of the generated client."""


# Version 2026-09-23 has this one as well; the official clients speak 2025-06-30.
_TEAMS_EXTENSION = ExchangeOperation("acs_identity_rest.v2025_06_30", "teams_extension")
_FAMILIES = {
    "https://communication.azure.com/clients/": ExchangeOperation("acs_identity_rest.v2025_03_02_preview", "entra"),
    "https://auth.msft.communication.azure.com/": _TEAMS_EXTENSION,
    "https://auth.msft.communication.azure.us/": _TEAMS_EXTENSION,
}


def entra_scopes(scopes: Iterable[str] | None) -> tuple[str, ...]:
    """Return the Entra ID scopes to ask a token for; None means those of Communication Services clients.

    Raises:
        TypeError: The scopes are one text, not iterable, or hold something else than texts.

    >>> entra_scopes(None)
    ('https://communication.azure.com/clients/.default',)
    """
    if scopes is None:
        return DEFAULT_SCOPES
    if isinstance(scopes, str | bytes) or not isinstance(scopes, Iterable):
        raise TypeError(f"The scopes must be a list such as {list(DEFAULT_SCOPES)}, not {type(scopes).__name__}.")
    values = tuple(scopes)
    for scope in values:
        if not isinstance(scope, str):
            raise TypeError(f"A scope must be a str, not {type(scope).__name__}.")
    return values


def exchange_operation(scopes: tuple[str, ...]) -> ExchangeOperation:
    """Return the operation that exchanges a token for these scopes.

    Raises:
        ValueError: There is no scope, or the scopes are not all of one family; the text names the families.

    >>> exchange_operation(("https://auth.msft.communication.azure.com/TeamsExtension.ManageCalls",)).group
    'teams_extension'
    """
    for prefix, operation in _FAMILIES.items():
        if scopes and all(scope.startswith(prefix) for scope in scopes):
            return operation
    raise ValueError(f"At least one scope is needed, and all must start with the same one of: {', '.join(_FAMILIES)}.")


def entra_token_of(answer: Any) -> str:
    """Return the text of the token that a token credential gave.

    Raises:
        TypeError: It gave something else.
        ValueError: The token is empty or cannot be sent in a header; the text does not show it.
    """
    token = getattr(answer, "token", None)
    if not isinstance(token, str):
        raise TypeError(f"The token credential gave {type(answer).__name__} in place of an access token of azure-core.")
    # A transport would show a token that it cannot send.
    if not token or not all("!" <= character <= "~" for character in token):
        raise ValueError("The token credential gave a token that is empty or holds blanks or non-ASCII characters.")
    return token


@dataclass(frozen=True, repr=False)
class Exchanged:
    """An Entra ID token and what the service gave for it."""

    entra_token: str
    access_token: AccessToken

    def serves(self, entra_token: str, now: float) -> bool:
        """Tell whether an exchange of this Entra ID token can be skipped; ``now`` is in seconds since 1970, UTC."""
        return entra_token == self.entra_token and now < self.access_token.expires_on
