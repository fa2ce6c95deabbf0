"""The exchange of a user's Entra ID token for an access token of Communication Services, in sync code."""

import time
from collections.abc import Sequence
from typing import Any

from azure.core.credentials import TokenCredential

from acs_identity._authentication import USER_TOKENS, permits_bearer, token_method
from acs_identity._core import access_token_of
from acs_identity._endpoint import normalize_endpoint
from acs_identity._entra import Exchanged, entra_scopes, entra_token_of, exchange_operation
from acs_identity._errors import service_errors
from acs_identity._models import AccessToken
from acs_identity._pipeline import raw_client
from acs_identity._tracing import INSTRUMENTATION, traced_as


class EntraTokenExchange:
    """Exchanges the Entra ID tokens of a user for access tokens of Communication Services.

    Source: REST reference, Entra and Teams Extension, Exchange Access Token.

    Args:
        endpoint: The endpoint of the resource, with https, except on this machine.
        token_credential: Gives the Entra ID tokens, for example one of azure.identity.
        scopes: What to ask it for, all of one family, which decides the operation and its API version:
            ``https://communication.azure.com/clients/...`` (the default is its ``.default``) or
            ``https://auth.msft.communication.azure.com/...`` (``.us`` likewise) for Teams Phone extensibility.
        options: Options of azure-core, for example ``transport``, ``retry_total``.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: The endpoint is malformed or not safe, or the scopes are not of one family.
    """

    _instrumentation_config = INSTRUMENTATION

    def __init__(
        self,
        endpoint: str,
        token_credential: TokenCredential,
        scopes: Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        self._scopes = entra_scopes(scopes)
        package, group = exchange_operation(self._scopes)
        self._get_token = token_method(token_credential, "a token credential", is_async=False)
        endpoint = normalize_endpoint(endpoint)
        if not permits_bearer(endpoint):
            raise ValueError(
                "The endpoint must start with https://: over http an Entra ID token goes to this machine only."
            )
        self._raw: Any = raw_client(package, endpoint, USER_TOKENS, is_async=False, **options)
        self._operations = getattr(self._raw, group)
        # azure-core repeats no POST after a 429 or 502 by itself. A retry policy of the caller's own decides alone.
        self._retries = {} if options.get("retry_policy") else {"retry_on_methods": ["POST"]}
        self._last: Exchanged | None = None

    def exchange(self) -> AccessToken:
        """Return an access token for the user of the Entra ID token that the credential gives at this moment.

        The service is asked only where that token is not the one exchanged last, or what it gave has expired. Safe to
        call at once from several places; each may then ask the service.

        Raises:
            TypeError: The credential gave something else than an access token of azure-core.
            ValueError: The credential gave a token that cannot be sent.
            azure.core.exceptions.HttpResponseError: The service refused; ClientAuthenticationError for 401.
            azure.core.exceptions.DecodeError: The service's answer is not what its contract promises.
            azure.core.exceptions.ServiceRequestError: The service cannot be reached.
        """
        entra_token = entra_token_of(self._get_token(*self._scopes))
        last = self._last
        if last is not None and last.serves(entra_token, time.time()):
            return last.access_token
        # Until this exchange succeeds there is none to repeat the answer of.
        self._last = None
        access_token = self._ask(entra_token)
        self._last = Exchanged(entra_token, access_token)
        return access_token

    @traced_as("CommunicationTokenCredential.exchange")
    def _ask(self, entra_token: str) -> AccessToken:
        with service_errors():
            answer = self._operations.exchange_access_token({}, entra_token=entra_token, **self._retries)
            return access_token_of(getattr(answer, "access_token", None))

    def close(self) -> None:
        """Close the connections. The credential stays open. Closing twice does no harm."""
        self._raw.close()
