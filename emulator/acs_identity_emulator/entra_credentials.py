"""azure-core credentials that take their tokens from the fake Entra ID."""

from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from azure.core.credentials import AccessToken

if TYPE_CHECKING:
    from .entra import Entra


class EntraCredential:
    """A ``TokenCredential`` of azure-core; made by ``emulator.entra.credential()``.

    >>> from acs_identity_emulator import Emulator
    >>> credential = Emulator().entra.credential()
    >>> credential.get_token("https://communication.azure.com//.default").token.count(".")
    2
    """

    def __init__(
        self,
        entra: "Entra",
        *,
        tenant_id: str,
        client_id: str,
        object_id: str,
        group_ids: Sequence[str],
        expires_in: timedelta,
    ) -> None:
        self._entra = entra
        self._tenant_id = tenant_id
        self._client_id = client_id
        self._object_id = object_id
        self._group_ids = group_ids
        self._expires_in = expires_in

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,  # noqa: ARG002 - part of the protocol
        tenant_id: str | None = None,
        enable_cae: bool = False,  # noqa: ARG002 - part of the protocol
        **_: Any,
    ) -> AccessToken:
        """Return a new token for the scopes, which must be of one audience.

        Args:
            scopes: For example ``https://communication.azure.com//.default``; the part up to the last slash is the
                audience, what follows it the claim ``scp`` (``.default`` gives ``user_impersonation``).
            claims: Not used.
            tenant_id: The tenant, when it is not the one of the credential.
            enable_cae: Not used.

        Raises:
            ValueError: No scope, or scopes of several audiences.
        """
        parts = [scope.rpartition("/") for scope in scopes]
        audiences = {audience for audience, _, _ in parts}
        if len(audiences) != 1 or "" in audiences:
            raise ValueError(
                "Ask for scopes of exactly one audience, for example https://communication.azure.com//.default"
            )
        names = ["user_impersonation" if name == ".default" else name for _, _, name in parts]
        token = self._entra.issue_token(
            tenant_id=tenant_id or self._tenant_id,
            client_id=self._client_id,
            object_id=self._object_id,
            # Entra ID puts the resource in the token as it was asked for; ".../clients/x" is a scope of the resource.
            audience=audiences.pop().removesuffix("/clients"),
            scope=" ".join(names),
            group_ids=self._group_ids,
            expires_in=self._expires_in,
        )
        return AccessToken(token, self._entra.expiry_of(token))

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class AsyncEntraCredential:
    """An ``AsyncTokenCredential`` of azure-core; made by ``emulator.entra.async_credential()``."""

    def __init__(
        self,
        entra: "Entra",
        *,
        tenant_id: str,
        client_id: str,
        object_id: str,
        group_ids: Sequence[str],
        expires_in: timedelta,
    ) -> None:
        self._credential = EntraCredential(
            entra,
            tenant_id=tenant_id,
            client_id=client_id,
            object_id=object_id,
            group_ids=group_ids,
            expires_in=expires_in,
        )

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **_: Any,
    ) -> AccessToken:
        """Return a new token for the scopes; as ``EntraCredential.get_token``."""
        return self._credential.get_token(*scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae)

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()
