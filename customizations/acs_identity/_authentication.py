"""Authentication policies of the pipeline: access key (HMAC) and bearer token."""

import inspect
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    BearerTokenCredentialPolicy,
    SansIOHTTPPolicy,
)

from ._endpoint import is_loopback
from ._signing import canonical_url, decode_access_key, sign

SIGNING_HEADERS = ("x-ms-date", "x-ms-content-sha256")
USER_TOKENS: Final = object()
BEARER_SCOPE = "https://communication.azure.com//.default"


class HmacAuthenticationPolicy(SansIOHTTPPolicy[Any, Any]):
    """Signs every request with an access key (HMAC-SHA256). One policy for sync and async pipelines.

    It belongs after the retry policy, so that a retried request is signed anew with the time of the retry.

    Args:
        credential: The access key, base64, as text or as AzureKeyCredential. A key changed by
            ``AzureKeyCredential.update`` signs from the next request on.

    Raises:
        TypeError: The credential is something else.
        ValueError: The key is not base64.
    """

    def __init__(self, credential: AzureKeyCredential | str) -> None:
        super().__init__()
        if isinstance(credential, str):
            credential = AzureKeyCredential(credential)
        if not isinstance(credential, AzureKeyCredential):
            raise TypeError(f"The access key must be a str or an AzureKeyCredential, not {type(credential).__name__}.")
        self._credential = credential
        self._decoded = (credential.key, decode_access_key(credential.key))

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Put the request into the form in which it is sent and add the headers that sign it."""
        http_request = request.http_request
        http_request.url = canonical_url(http_request.url)
        headers = sign(
            http_request.method,
            http_request.url,
            _settle_body(http_request),
            self._key(),
            datetime.now(UTC),
            http_request.headers.get("Host"),
        )
        http_request.headers.update(headers)

    def _key(self) -> bytes:
        # Read once: another thread may rotate the key between two reads.
        text, key = self._decoded
        current = self._credential.key
        if current != text:
            key = decode_access_key(current)
            self._decoded = (current, key)
        return key


def _settle_body(http_request: Any) -> bytes:
    """Return the body as bytes and leave exactly these in the request, so that what is signed is what is sent."""
    content = getattr(http_request, "content", None)
    if isinstance(content, str) and content.isascii() and "Content-Length" in http_request.headers:
        # JSON, which azure-core has already measured.
        http_request.data = content = content.encode("ascii")
        return content
    body = http_request.data
    if http_request.files or hasattr(body, "__aiter__"):
        raise TypeError("A multipart or async-iterable body cannot be signed. Pass the body as bytes.")
    if body is None or isinstance(body, bytes):
        return body or b""
    if isinstance(body, dict):
        settled = urlencode(body, doseq=True).encode("ascii")  # pyright: ignore[reportUnknownArgumentType]
    elif hasattr(body, "read"):
        settled = _encoded(body.read())
    elif isinstance(body, str | bytearray | memoryview):
        settled = _encoded(body)
    elif isinstance(body, Iterable):
        settled = b"".join(_encoded(part) for part in body)  # pyright: ignore[reportUnknownVariableType]
    else:
        raise TypeError(f"A body of type {type(body).__name__} cannot be signed. Pass the body as bytes.")
    http_request.data = settled
    http_request.headers.pop("Transfer-Encoding", None)
    http_request.headers["Content-Length"] = str(len(settled))
    return settled


def _encoded(body: Any) -> bytes:
    return body.encode("utf-8") if isinstance(body, str) else bytes(body)


class PlainHttpPolicy(SansIOHTTPPolicy[Any, Any]):
    """Lets a bearer token go over http to an emulator on this machine, which azure-core otherwise refuses."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Lift the demand for https."""
        request.context.options.setdefault("enforce_https", False)


class EntraTokenPolicy(SansIOHTTPPolicy[Any, Any]):
    """Authenticates a call that carries the option ``entra_token`` with that token of a user, and no other call.

    It belongs after the policies of the client's own credential, in whose place the token goes.
    """

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Put the token, where there is one, into the headers."""
        context = request.context
        # Kept in the context, since a retry passes here again without the option.
        token = context.options.pop("entra_token", None) or context.get("entra_token")
        if token is None:
            return
        context["entra_token"] = token
        http_request = request.http_request
        if not permits_bearer(http_request.url):
            # Of azure-core's errors it is this one that the retry policy takes as final.
            raise ClientAuthenticationError("An Entra ID token is sent over https only, except to this machine.")
        for name in SIGNING_HEADERS:
            http_request.headers.pop(name, None)
        http_request.headers["Authorization"] = f"Bearer {token}"


def permits_bearer(url: str) -> bool:
    """Tell whether a bearer token may go to this URL: over https, or to this machine.

    >>> permits_bearer("https://contoso.communication.azure.com"), permits_bearer("http://contoso.com")
    (True, False)
    """
    return url.lower().startswith("https:") or is_loopback(url)


def token_method(credential: Any, wanted: str, *, is_async: bool) -> Callable[..., Any]:
    """Return the method by which a token credential gives tokens: ``get_token``, or else ``get_token_info``.

    Raises:
        TypeError: The credential is none, or one of the other colour; the text says what is wanted.
    """
    get_token: Callable[..., Any] | None = getattr(credential, "get_token", None) or getattr(
        credential, "get_token_info", None
    )
    if not callable(get_token):
        raise TypeError(
            f"The credential must be {wanted}, for example of azure-identity, not {type(credential).__name__}."
        )
    # An async credential may hide its coroutine behind a wrapper, but it is always an async context manager.
    if is_async and not (inspect.iscoroutinefunction(get_token) or hasattr(credential, "__aexit__")):
        raise TypeError("The async client needs an async token credential, for example of azure.identity.aio.")
    if not is_async and inspect.iscoroutinefunction(get_token):
        raise TypeError("The sync client needs a sync token credential; this one belongs to the client in aio.")
    return get_token


def authentication_policies(endpoint: str, credential: Any, *, is_async: bool) -> list[Any]:
    """Return the policies for a credential: an access key as text or AzureKeyCredential, or a token credential.

    ``USER_TOKENS`` stands for the credential of a pipeline whose every call carries the Entra ID token of a user.

    Raises:
        TypeError: The credential is none of these, or a token credential of the other colour.
        ValueError: The access key is not base64.
    """
    if credential is USER_TOKENS:
        return [EntraTokenPolicy()]
    if isinstance(credential, str | AzureKeyCredential):
        return [HmacAuthenticationPolicy(credential), EntraTokenPolicy()]
    token_method(credential, "an access key (str or AzureKeyCredential) or a token credential", is_async=is_async)
    policy = AsyncBearerTokenCredentialPolicy[Any, Any] if is_async else BearerTokenCredentialPolicy[Any, Any]
    return [
        *([PlainHttpPolicy()] if is_loopback(endpoint) else []),
        policy(credential, BEARER_SCOPE),
        EntraTokenPolicy(),
    ]
