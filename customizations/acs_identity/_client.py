"""The sync client: the pure core with a sync pipeline around it."""

from collections.abc import Iterable
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from azure.core.credentials import AzureKeyCredential, TokenCredential
from azure.core.paging import ItemPaged
from azure.core.rest import HttpRequest, HttpResponse

from acs_identity._assignments import EntraAssignment, TeamsExtensionAssignment
from acs_identity._core import (
    Core,
    access_token_of,
    bearer_token,
    entra_assignment_of,
    entra_page_of,
    exchanged_access_token_of,
    next_page_url,
    raw_id,
    required_text,
    teams_extension_assignment_of,
    user_and_access_token_of,
    user_detail_of,
    user_of,
)
from acs_identity._endpoint import normalize_endpoint, parse_connection_string
from acs_identity._errors import service_errors
from acs_identity._identifiers import CommunicationIdentifier, CommunicationUserIdentifier
from acs_identity._models import AccessToken, CommunicationTokenScope
from acs_identity._pipeline import raw_client
from acs_identity._tracing import INSTRUMENTATION, traced, traced_as
from acs_identity._users import CommunicationUserDetail
from acs_identity._versions import DEFAULT_API_VERSION, load, rest_package

if TYPE_CHECKING:
    from acs_identity._bulk import Bulk
    from acs_identity_rest.v2025_03_02_preview import CommunicationIdentityRestClient as PreviewRestClient
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
    :class:`~acs_identity.CommunicationIdentityError`, an HttpResponseError of azure-core, where the service refuses
    (a ClientAuthenticationError as well for 401, a ResourceNotFoundError for 404),
    :class:`azure.core.exceptions.ServiceRequestError` where it cannot be reached, and RuntimeError once the client is
    closed. No text of theirs shows a key, a token or an identity id.

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
        self._endpoint = normalize_endpoint(endpoint)
        self._api_version = api_version
        self._core = Core(api_version, load(package, "models"))
        self._raw: CommunicationIdentityRestClient = raw_client(
            package, self._endpoint, credential, is_async=False, **kwargs
        )
        self._bulk: Bulk | None = None
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

    @property
    def bulk(self) -> "Bulk":
        """The same methods for many users at once, within the rate limits of the service."""
        self._require_open()
        if self._bulk is None:
            # Few clients need it.
            from acs_identity._bulk import Bulk

            self._bulk = Bulk(self, self._endpoint, self._api_version)
        return self._bulk

    @traced
    def create_user(self, *, custom_id: str | None = None, **kwargs: Any) -> CommunicationUserIdentifier:
        """Create a user.

        Source: REST reference, Communication Identity, Create.

        Args:
            custom_id: An id of your own for the user, of 1 to 256 characters; none by default. A known one gives the
                user that is there. Only in API version 2025-03-02-preview.
            kwargs: Options of azure-core for this call.

        Returns:
            The user. Its raw id is a stable key; the service has no way to list users, so keep it.

        Raises:
            TypeError: The custom id is not a str.
            ValueError: The custom id is empty or too long, or the API version has none.
        """
        request = self._core.user_request(custom_id)
        with service_errors():
            return user_of(self.raw.identity.create(request, **kwargs))

    @traced
    def create_user_and_token(
        self,
        scopes: Iterable[str | CommunicationTokenScope],
        *,
        token_expires_in: timedelta | None = None,
        custom_id: str | None = None,
        **kwargs: Any,
    ) -> tuple[CommunicationUserIdentifier, AccessToken]:
        """Create a user and issue an access token for it, in one call.

        Source: REST reference, Communication Identity, Create.

        Args:
            scopes: What the token permits; at least one.
            token_expires_in: Its lifetime, a whole number of minutes from 60 to 1440; 24 hours by default.
            custom_id: An id of your own for the user, of 1 to 256 characters; none by default. A known one gives the
                user that is there. Only in API version 2025-03-02-preview.
            kwargs: Options of azure-core for this call.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: There is no scope, the lifetime is out of range, the custom id is empty or too long, or the
                API version has none.
        """
        request = self._core.user_and_token_request(scopes, token_expires_in, custom_id)
        with service_errors():
            return user_and_access_token_of(self.raw.identity.create(request, **kwargs))

    @traced
    def get_user(self, user: CommunicationIdentifier | str, **kwargs: Any) -> CommunicationUserDetail:
        """Read what the service knows about a user. Only in API version 2025-03-02-preview.

        Source: the contract, CommunicationIdentity_Get.

        Args:
            user: The user, as identifier or raw id.
            kwargs: Options of azure-core for this call.

        Returns:
            The user with its custom id and when an access token was last issued for it.

        Raises:
            TypeError: The user is of the wrong type.
            ValueError: The user is not one of Communication Services, or the API version lacks the operation.
        """
        self._core.require("identity.get", "get_user")
        identity = raw_id(user)
        with service_errors():
            return user_detail_of(self._preview.identity.get(identity, **kwargs))

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

    @traced
    def get_token_for_teams_extension_user(self, entra_token: str, **kwargs: Any) -> AccessToken:
        """Exchange the Entra ID token of a Teams Phone principal for an access token of Communication Services.

        The request carries that token in place of the client's credential. In API version 2025-03-02-preview and from
        2025-06-30 on. Source: the contract, TeamsExtensionToken_Exchange.

        Args:
            entra_token: The principal's Entra ID access token, for example for the scope
                ``https://auth.msft.communication.azure.com/TeamsExtension.ManageCalls``. The principal must hold an
                assignment, see :meth:`upsert_teams_extension_assignment`.
            kwargs: Options of azure-core for this call.

        Returns:
            The access token. Its user has the raw id ``8:acs:{resource}_{tenant}_{object}``.

        Raises:
            TypeError: The token is not a str.
            ValueError: The token is empty or cannot be one, or the API version lacks the operation.
        """
        self._core.require("teams_extension.exchange_access_token", "get_token_for_teams_extension_user")
        token = bearer_token(entra_token)
        with service_errors():
            return exchanged_access_token_of(
                self.raw.teams_extension.exchange_access_token({}, entra_token=token, **kwargs)
            )

    @traced
    def get_token_for_entra_user(self, entra_token: str, **kwargs: Any) -> AccessToken:
        """Exchange the Entra ID token of an Entra ID user for an access token of Communication Services.

        The request carries that token in place of the client's credential. Only in API version 2025-03-02-preview.
        Source: the contract, EntraIdToken_Exchange.

        Args:
            entra_token: The user's Entra ID access token, for example for the scope
                ``https://communication.azure.com/clients/.default``. An assignment must cover the user, see
                :meth:`upsert_entra_assignment`.
            kwargs: Options of azure-core for this call.

        Returns:
            The access token. Its user has the raw id ``8:acs:{resource}_wf_{tenant}_{object}``.

        Raises:
            TypeError: The token is not a str.
            ValueError: The token is empty or cannot be one, or the API version lacks the operation.
        """
        self._core.require("entra.exchange_access_token", "get_token_for_entra_user")
        token = bearer_token(entra_token)
        with service_errors():
            return exchanged_access_token_of(self._preview.entra.exchange_access_token({}, entra_token=token, **kwargs))

    @traced
    def get_teams_extension_assignment(self, tenant_id: str, object_id: str, **kwargs: Any) -> TeamsExtensionAssignment:
        """Read the assignment of a Teams principal. In API version 2025-03-02-preview and from 2025-06-30 on.

        Source: the contract, TeamsExtensionAssignment_Get.

        Args:
            tenant_id: The Entra ID tenant of the principal.
            object_id: The Entra ID object id of the principal.
            kwargs: Options of azure-core for this call.

        Raises:
            TypeError: An id is not a str.
            ValueError: An id is empty, or the API version lacks the operation.
        """
        self._core.require("teams_extension.get_assignment", "get_teams_extension_assignment")
        ids = required_text("tenant_id", tenant_id), required_text("object_id", object_id)
        with service_errors():
            return teams_extension_assignment_of(self.raw.teams_extension.get_assignment(*ids, **kwargs))

    @traced
    def upsert_teams_extension_assignment(
        self,
        tenant_id: str,
        object_id: str,
        principal_type: str,
        *,
        client_ids: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> TeamsExtensionAssignment:
        """Create the assignment of a Teams principal, or replace the one that is there.

        In API version 2025-03-02-preview and from 2025-06-30 on. Source: the contract, TeamsExtensionAssignment_Upsert.

        Args:
            tenant_id: The Entra ID tenant of the principal.
            object_id: The Entra ID object id of the principal.
            principal_type: What the principal is, for example a member of
                :class:`~acs_identity.TeamsExtensionPrincipalType`; sent as it is given.
            client_ids: The client ids of the applications through which the principal may act; not sent by default.
            kwargs: Options of azure-core for this call.

        Returns:
            The assignment as the service stored it.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: An argument is empty, or the API version lacks the operation.
        """
        self._core.require("teams_extension.upsert_assignment", "upsert_teams_extension_assignment")
        ids = required_text("tenant_id", tenant_id), required_text("object_id", object_id)
        request = self._core.teams_extension_request(principal_type, client_ids)
        with service_errors():
            return teams_extension_assignment_of(self.raw.teams_extension.upsert_assignment(*ids, request, **kwargs))

    @traced
    def delete_teams_extension_assignment(self, tenant_id: str, object_id: str, **kwargs: Any) -> None:
        """Delete the assignment of a Teams principal. In API version 2025-03-02-preview and from 2025-06-30 on.

        Source: the contract, TeamsExtensionAssignment_Delete.

        Args:
            tenant_id: The Entra ID tenant of the principal.
            object_id: The Entra ID object id of the principal.
            kwargs: Options of azure-core for this call.

        Raises:
            TypeError: An id is not a str.
            ValueError: An id is empty, or the API version lacks the operation.
        """
        self._core.require("teams_extension.delete_assignment", "delete_teams_extension_assignment")
        ids = required_text("tenant_id", tenant_id), required_text("object_id", object_id)
        with service_errors():
            self.raw.teams_extension.delete_assignment(*ids, **kwargs)

    def list_entra_assignments(self, **kwargs: Any) -> ItemPaged[EntraAssignment]:
        """List the assignments of Entra ID principals, page by page. Only in API version 2025-03-02-preview.

        Source: the contract, EntraIdAssignments_List.

        Args:
            kwargs: Options of azure-core for the request of every page; ``params`` for the first one only.

        Returns:
            The assignments, asked for as they are iterated over. Its ``by_page()`` gives them in pages and takes the
            ``continuation_token`` of an earlier page iterator, or of an error, to go on there. A link to the next
            page that leads away from the endpoint is not followed but raises
            :class:`azure.core.exceptions.DecodeError`.

        Raises:
            ValueError: The API version lacks the operation.
        """
        self._core.require("entra.list_assignments", "list_entra_assignments")
        self._require_open()

        @traced_as("CommunicationIdentityClient.list_entra_assignments")
        def page(_: Self, link: str | None) -> tuple[str | None, list[EntraAssignment]]:
            with service_errors():
                if link is None:
                    return entra_page_of(self._preview.entra.list_assignments(**kwargs))
                # What the service links to is complete, and the link is not to be changed.
                options = {name: value for name, value in kwargs.items() if name != "params"}
                request = HttpRequest(
                    "GET", next_page_url(self._endpoint, link), headers={"Accept": "application/json"}
                )
                response = self.raw.send_request(request, **options)
                return entra_page_of(self._core.next_entra_page(response))

        def get_next(link: str | None) -> tuple[str | None, list[EntraAssignment]]:
            return page(self, link)

        def extract_data(
            page: tuple[str | None, list[EntraAssignment]],
        ) -> tuple[str | None, list[EntraAssignment]]:
            return page

        return ItemPaged(get_next, extract_data)

    @traced
    def get_entra_assignment(self, object_id: str, **kwargs: Any) -> EntraAssignment:
        """Read the assignment of an Entra ID principal. Only in API version 2025-03-02-preview.

        Source: the contract, EntraIdAssignment_Get.

        Args:
            object_id: The Entra ID object id of the principal.
            kwargs: Options of azure-core for this call.

        Raises:
            TypeError: The id is not a str.
            ValueError: The id is empty, or the API version lacks the operation.
        """
        self._core.require("entra.get_assignment", "get_entra_assignment")
        principal = required_text("object_id", object_id)
        with service_errors():
            return entra_assignment_of(self._preview.entra.get_assignment(principal, **kwargs))

    @traced
    def upsert_entra_assignment(
        self, object_id: str, principal_type: str, *, tenant_id: str, client_ids: Iterable[str], **kwargs: Any
    ) -> EntraAssignment:
        """Create the assignment of an Entra ID principal, or replace the one that is there.

        Only in API version 2025-03-02-preview. Source: the contract, EntraIdAssignment_Upsert.

        Args:
            object_id: The Entra ID object id of the principal.
            principal_type: What the principal is, for example a member of :class:`~acs_identity.EntraPrincipalType`;
                sent as it is given.
            tenant_id: The Entra ID tenant of the principal.
            client_ids: The client ids of the applications through which the principal may act.
            kwargs: Options of azure-core for this call.

        Returns:
            The assignment as the service stored it.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: An argument is empty, or the API version lacks the operation.
        """
        self._core.require("entra.upsert_assignment", "upsert_entra_assignment")
        principal = required_text("object_id", object_id)
        request = self._core.entra_request(tenant_id, principal_type, client_ids)
        with service_errors():
            return entra_assignment_of(self._preview.entra.upsert_assignment(principal, request, **kwargs))

    @traced
    def delete_entra_assignment(self, object_id: str, **kwargs: Any) -> None:
        """Delete the assignment of an Entra ID principal. Only in API version 2025-03-02-preview.

        Source: the contract, EntraIdAssignment_Delete.

        Args:
            object_id: The Entra ID object id of the principal.
            kwargs: Options of azure-core for this call.

        Raises:
            TypeError: The id is not a str.
            ValueError: The id is empty, or the API version lacks the operation.
        """
        self._core.require("entra.delete_assignment", "delete_entra_assignment")
        principal = required_text("object_id", object_id)
        with service_errors():
            self._preview.entra.delete_assignment(principal, **kwargs)

    @traced
    def update_entra_assignments(
        self, *, upsert: Iterable[EntraAssignment] = (), delete: Iterable[str] = (), **kwargs: Any
    ) -> list[EntraAssignment]:
        """Create, replace and delete several assignments of Entra ID principals in one request.

        Others stay as they are. Only in API version 2025-03-02-preview. Source: the contract,
        EntraIdAssignments_Update.

        Args:
            upsert: The assignments to create, or to put in the place of those that are there; none by default.
            delete: The Entra ID object ids of the principals whose assignments are to be deleted; none by default.
            kwargs: Options of azure-core for this call.

        Returns:
            The assignments that were created or replaced, as the service stored them.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: There is nothing to change, an object id is given twice, a value is empty, or the API version
                lacks the operation.
        """
        self._core.require("entra.update_assignments", "update_entra_assignments")
        changes = self._core.entra_changes(upsert, delete)
        with service_errors():
            answer = self._preview.entra.update_assignments(changes, **kwargs)
            if answer is None:
                return []
            link, changed = entra_page_of(answer)
        if link:
            pages = self.list_entra_assignments(**kwargs).by_page(link)
            changed += [assignment for page in pages for assignment in page]
        return changed

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

    @property
    def _preview(self) -> "PreviewRestClient":
        """The raw client, annotated as the one of the only API version that has the operation called on it."""
        return cast("PreviewRestClient", self.raw)

    def _require_open(self) -> None:
        if self._closed:
            raise RuntimeError("The client is closed. Make a new one, or use it inside its with block.")
