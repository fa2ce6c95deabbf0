"""The sync client: the pure core with a sync pipeline around it."""

from collections.abc import Iterable
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from azure.core.credentials import AzureKeyCredential, TokenCredential
from azure.core.rest import HttpRequest, HttpResponse

from acs_identity._core import Core, access_token_of, raw_id, user_and_access_token_of, user_of
from acs_identity._endpoint import normalize_endpoint, parse_connection_string
from acs_identity._errors import service_errors
from acs_identity._models import (
    AccessToken,
    CommunicationIdentifier,
    CommunicationTokenScope,
    CommunicationUserIdentifier,
)
from acs_identity._pipeline import pipeline_policies
from acs_identity._tracing import INSTRUMENTATION, traced
from acs_identity._versions import DEFAULT_API_VERSION, load, rest_package

if TYPE_CHECKING:
    from acs_identity_rest.v2026_09_23 import CommunicationIdentityRestClient


class CommunicationIdentityClient:
    """Creates users of a Communication Services resource and issues access tokens for them.

    Args:
        endpoint: The endpoint of the resource, for example ``https://contoso.communication.azure.com``; https is meant
            where it has no scheme, and a trailing slash does no harm.
        credential: An access key, as str or AzureKeyCredential (rotated by its ``update``), or a token credential, for
            example of azure.identity.
        api_version: The API version to speak, from "2021-03-07" on; "2026-09-23" by default. A preview warns once.
        kwargs: Options of azure-core, for example ``transport``, ``retry_total``, ``proxies``, ``user_agent``.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: The endpoint is malformed, the key is not base64, or the API version is unknown. Later, when a
            method or parameter is used that the API version lacks; the text names the versions that have it.

    Every method takes azure-core's options for one call as further keywords (for example ``headers``,
    ``raw_response_hook``, ``connection_timeout`` and ``read_timeout`` in seconds), and raises
    :class:`azure.core.exceptions.HttpResponseError` where the service refuses (ClientAuthenticationError for 401,
    ResourceNotFoundError for 404), :class:`azure.core.exceptions.ServiceRequestError` where it cannot be reached, and
    RuntimeError once the client is closed. No text of theirs shows a key, a token or an identity id.

    >>> from acs_identity import CommunicationIdentityClient
    >>> def main() -> None:
    ...     with CommunicationIdentityClient.from_connection_string(connection_string) as client:
    ...         user = client.create_user()
    ...         token, expires_on = client.get_token(user, ["chat"])
    ...         client.delete_user(user)
    >>> main()
    """

    _instrumentation_config = INSTRUMENTATION

    def __init__(
        self,
        endpoint: str,
        credential: TokenCredential | AzureKeyCredential | str,
        *,
        api_version: str = DEFAULT_API_VERSION,
        **kwargs: Any,
    ) -> None:
        package = rest_package(api_version)
        if credential is None:
            raise TypeError("The credential must be an access key (str or AzureKeyCredential) or a token credential.")
        self._endpoint = normalize_endpoint(endpoint)
        self._api_version = api_version
        policies = pipeline_policies(self._endpoint, credential, is_async=False, **kwargs)
        self._core = Core(api_version, load(package, "models"))
        self._raw: CommunicationIdentityRestClient = load(package).CommunicationIdentityRestClient(
            self._endpoint, policies=policies, **kwargs
        )
        self._closed = False

    @classmethod
    def from_connection_string(cls, conn_str: str, **kwargs: Any) -> Self:
        """Make a client from a connection string, ``endpoint=https://.../;accesskey=...``.

        Args:
            conn_str: The connection string, from the resource's page, Keys. Names in any order and case.
            kwargs: As for the client itself.

        Raises:
            TypeError: It is not a str.
            ValueError: It is malformed; the text names what is missing and never shows the key.
        """
        endpoint, access_key = parse_connection_string(conn_str)
        return cls(endpoint, access_key, **kwargs)

    @property
    def raw(self) -> "CommunicationIdentityRestClient":
        """The generated client of the API version, with the same pipeline: every operation, as the contract has it.

        Annotated as the client of the newest version. Its errors are those of the service, not redacted.
        """
        self._require_open()
        return self._raw

    @traced
    def create_user(self, **kwargs: Any) -> CommunicationUserIdentifier:
        """Create a user.

        Source: REST reference, Communication Identity, Create.

        Args:
            kwargs: Options of azure-core for this call.

        Returns:
            The user. Its raw id is a stable key; the service has no way to list users, so keep it.
        """
        with service_errors():
            return user_of(self.raw.identity.create(**kwargs))

    @traced
    def create_user_and_token(
        self,
        scopes: Iterable[str | CommunicationTokenScope],
        *,
        token_expires_in: timedelta | None = None,
        **kwargs: Any,
    ) -> tuple[CommunicationUserIdentifier, AccessToken]:
        """Create a user and issue an access token for it, in one call.

        Source: REST reference, Communication Identity, Create.

        Args:
            scopes: What the token permits; at least one.
            token_expires_in: Its lifetime, a whole number of minutes from 60 to 1440; 24 hours by default.
            kwargs: Options of azure-core for this call.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: There is no scope, or the lifetime is out of range.
        """
        request = self._core.create_request(scopes, token_expires_in)
        with service_errors():
            return user_and_access_token_of(self.raw.identity.create(request, **kwargs))

    @traced
    def get_token(
        self,
        user: CommunicationIdentifier | str,
        scopes: Iterable[str | CommunicationTokenScope],
        *,
        token_expires_in: timedelta | None = None,
        **kwargs: Any,
    ) -> AccessToken:
        """Issue an access token for a user.

        Source: REST reference, Communication Identity, Issue Access Token.

        Args:
            user: The user, as identifier or raw id.
            scopes: What the token permits; at least one.
            token_expires_in: Its lifetime, a whole number of minutes from 60 to 1440; 24 hours by default.
            kwargs: Options of azure-core for this call.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: The user is not one of Communication Services, there is no scope, or the lifetime is out of
                range.
        """
        identity, request = raw_id(user), self._core.access_token_request(scopes, token_expires_in)
        with service_errors():
            return access_token_of(self.raw.identity.issue_access_token(identity, request, **kwargs))

    @traced
    def issue_token(
        self,
        user: CommunicationIdentifier | str,
        scopes: Iterable[str | CommunicationTokenScope],
        *,
        token_expires_in: timedelta | None = None,
        **kwargs: Any,
    ) -> AccessToken:
        """Issue an access token for a user: :meth:`get_token` under the operation's own name."""
        return self.get_token(user, scopes, token_expires_in=token_expires_in, **kwargs)

    @traced
    def revoke_tokens(self, user: CommunicationIdentifier | str, **kwargs: Any) -> None:
        """Revoke every access token issued for a user so far. It can take 15 minutes to reach everything.

        Source: REST reference, Communication Identity, Revoke Access Tokens.

        Args:
            user: The user, as identifier or raw id.
            kwargs: Options of azure-core for this call.

        Raises:
            TypeError: The user is of the wrong type.
            ValueError: The user is not one of Communication Services.
        """
        identity = raw_id(user)
        with service_errors():
            self.raw.identity.revoke_access_tokens(identity, **kwargs)

    @traced
    def delete_user(self, user: CommunicationIdentifier | str, **kwargs: Any) -> None:
        """Delete a user, and with it every access token issued for it.

        Source: REST reference, Communication Identity, Delete.

        Args:
            user: The user, as identifier or raw id.
            kwargs: Options of azure-core for this call.

        Raises:
            TypeError: The user is of the wrong type.
            ValueError: The user is not one of Communication Services.
        """
        identity = raw_id(user)
        with service_errors():
            self.raw.identity.delete(identity, **kwargs)

    @traced
    def get_token_for_teams_user(
        self, aad_token: str, client_id: str, user_object_id: str, **kwargs: Any
    ) -> AccessToken:
        """Exchange the Entra ID access token of a Teams user for an access token of Communication Services.

        Source: REST reference, Communication Identity, Exchange Teams User Access Token.

        Args:
            aad_token: The Entra ID access token of the Teams user.
            client_id: The client id of the Entra ID application; must equal the token's appid claim.
            user_object_id: The Entra ID object id of the Teams user; must equal the token's oid claim.
            kwargs: Options of azure-core for this call.

        Returns:
            An access token that expires together with the one exchanged.

        Raises:
            TypeError: An argument is not a str.
            ValueError: An argument is empty.
        """
        request = self._core.teams_user_request(aad_token, client_id, user_object_id)
        with service_errors():
            return access_token_of(self.raw.teams_user.exchange_access_token(request, **kwargs))

    def send_request(self, request: HttpRequest, *, stream: bool = False, **kwargs: Any) -> HttpResponse:
        """Send any request through the pipeline: signed, retried and logged like the client's own.

        Args:
            request: The request; a URL that starts with ``/`` is below the endpoint. Nothing is added to it, so put
                the api-version into its query.
            stream: Leave the body of the answer to be read by the caller; False by default.
            kwargs: Options of azure-core for this call.

        Returns:
            The answer, whatever its status.
        """
        with service_errors():
            return self.raw.send_request(request, stream=stream, **kwargs)

    def close(self) -> None:
        """Close the client and its connections. Closing twice does no harm."""
        self._closed = True
        self._raw.close()

    def __enter__(self) -> Self:
        self.raw.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"CommunicationIdentityClient(endpoint={self._endpoint!r}, api_version={self._api_version!r})"

    def _require_open(self) -> None:
        if self._closed:
            raise RuntimeError("The client is closed. Make a new one, or use it inside its with block.")
