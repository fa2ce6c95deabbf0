"""azure-core credentials that take their tokens from the fake Entra ID."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from http.client import HTTPException
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from .entra import CLIENT_ID, OBJECT_ID, TENANT_ID

if TYPE_CHECKING:
    from .entra import Entra

_SECONDS = 10


class _Credential:
    """What credentials have in common, wherever they get their tokens."""

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        object_id: str,
        group_ids: Sequence[str],
        expires_in: timedelta,
    ) -> None:
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
            ClientAuthenticationError: The emulator to ask runs in another process, and cannot be reached or refuses.
        """
        parts = [scope.rpartition("/") for scope in scopes]
        audiences = {audience for audience, _, _ in parts}
        if len(audiences) != 1 or "" in audiences:
            raise ValueError(
                "Ask for scopes of exactly one audience, for example https://communication.azure.com//.default"
            )
        names = ["user_impersonation" if name == ".default" else name for _, _, name in parts]
        return self._issue(
            tenant_id or self._tenant_id,
            # Entra ID puts the resource in the token as it was asked for; ".../clients/x" is a scope of the resource.
            audiences.pop().removesuffix("/clients"),
            " ".join(names),
        )

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def _issue(self, tenant_id: str, audience: str, scope: str) -> AccessToken:
        raise NotImplementedError


class EntraCredential(_Credential):
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
        super().__init__(
            tenant_id=tenant_id,
            client_id=client_id,
            object_id=object_id,
            group_ids=group_ids,
            expires_in=expires_in,
        )
        self._entra = entra

    def _issue(self, tenant_id: str, audience: str, scope: str) -> AccessToken:
        token = self._entra.issue_token(
            tenant_id=tenant_id,
            client_id=self._client_id,
            object_id=self._object_id,
            audience=audience,
            scope=scope,
            group_ids=self._group_ids,
            expires_in=self._expires_in,
        )
        return AccessToken(token, self._entra.expiry_of(token))


class RemoteEntraCredential(_Credential):
    """A ``TokenCredential`` of azure-core for an emulator in another process, which it asks over HTTP.

    Args:
        endpoint: The endpoint of the emulator, ``http://`` or ``https://``. For https the variable ``SSL_CERT_FILE``
            has to name the emulator's authority.
        tenant_id: The claim ``tid`` of the tokens.
        client_id: The claim ``appid``, the application.
        object_id: The claim ``oid``, the user or service principal.
        group_ids: The claim ``groups``, the groups of the user.
        expires_in: How long a token lives, in whole seconds; negative for one that has expired already.

    Raises:
        ValueError: The endpoint does not begin with ``http://`` or ``https://``.

    >>> from acs_identity_emulator import Emulator, EmulatorServer, RemoteEntraCredential
    >>> with EmulatorServer(Emulator()) as server:
    ...     credential = RemoteEntraCredential(server.endpoint)
    ...     credential.get_token("https://communication.azure.com//.default").token.count(".")
    2
    """

    def __init__(
        self,
        endpoint: str,
        *,
        tenant_id: str = TENANT_ID,
        client_id: str = CLIENT_ID,
        object_id: str = OBJECT_ID,
        group_ids: Sequence[str] = (),
        expires_in: timedelta = timedelta(hours=1),
    ) -> None:
        super().__init__(
            tenant_id=tenant_id,
            client_id=client_id,
            object_id=object_id,
            group_ids=group_ids,
            expires_in=expires_in,
        )
        if not endpoint.startswith(("http://", "https://")):
            raise ValueError("The endpoint of the emulator must begin with http:// or https://.")
        self._endpoint = endpoint.rstrip("/")

    def _issue(self, tenant_id: str, audience: str, scope: str) -> AccessToken:
        wanted = {
            "tenant_id": tenant_id,
            "client_id": self._client_id,
            "object_id": self._object_id,
            "audience": audience,
            "scope": scope,
            "group_ids": list(self._group_ids),
            "expires_in_seconds": int(self._expires_in.total_seconds()),
        }
        request = Request(  # noqa: S310 - the scheme was looked at
            f"{self._endpoint}/_emulator/entra-token", json.dumps(wanted).encode(), {"Content-Type": "application/json"}
        )
        try:
            # The emulator is on this machine, whatever proxy the environment names.
            with build_opener(ProxyHandler({})).open(request, timeout=_SECONDS) as response:
                answer = json.load(response)
            return AccessToken(answer["token"], answer["expires_on"])
        except HTTPError as error:
            with error:
                raise ClientAuthenticationError(
                    f"{self._endpoint} gave no Entra ID token, but {error.code} {error.reason}."
                ) from error
        except (OSError, HTTPException) as error:
            raise ClientAuthenticationError(f"No emulator answers at {self._endpoint} ({error}).") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ClientAuthenticationError(f"{self._endpoint} did not answer as an emulator does.") from error


class _AsyncCredential:
    """What asynchronous credentials have in common."""

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


class AsyncEntraCredential(_AsyncCredential):
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


class AsyncRemoteEntraCredential(_AsyncCredential):
    """An ``AsyncTokenCredential`` of azure-core; see `RemoteEntraCredential` for the arguments."""

    def __init__(
        self,
        endpoint: str,
        *,
        tenant_id: str = TENANT_ID,
        client_id: str = CLIENT_ID,
        object_id: str = OBJECT_ID,
        group_ids: Sequence[str] = (),
        expires_in: timedelta = timedelta(hours=1),
    ) -> None:
        self._credential = RemoteEntraCredential(
            endpoint,
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
        """Return a new token for the scopes; as ``RemoteEntraCredential.get_token``."""
        return await asyncio.to_thread(
            self._credential.get_token, *scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae
        )
