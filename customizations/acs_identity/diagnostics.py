"""Why the service refused: what an error, its answer and its request tell together.

:func:`explain` takes any ``HttpResponseError`` of azure-core: one of this package, of its raw operations, or of another
client of the service, for example of azure-communication-identity. Nothing is sent; only the error is looked at.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import HttpRequest as PipelineHttpRequest
from azure.core.rest import HttpRequest

from ._evidence import Evidence, evidence_of, sent_request
from ._findings import Cause, clock_offset, find, malformed, side_by_side, text_to_sign
from ._redaction import redactor
from ._signing import decode_access_key

__all__ = ["Cause", "Explanation", "explain", "string_to_sign"]

_HIDDEN_ID = re.compile(
    r"8(?:%(?:25)*3A|:)[a-z-]+(?:%(?:25)*3A|:)[0-9a-f-]{36}_(?:\*\*\*|%[0-9A-F]{2})+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the service refused. As text it is for people to read; nothing in it is a key, a token or an identity id.

    Attributes:
        status: The HTTP status; None when there was no answer.
        code: The error code of the service, or None.
        message: The message of the service, redacted, or None.
        target: What the error is about, or None.
        request_id: The service's id of the request, from x-ms-request-id, MS-CV or X-Azure-Ref, or None.
        client_request_id: The id that the client gave the request, or None.
        api_version: The API version that the request asked for, or None.
        cause: What most likely made the service refuse.
        likely: The same in a sentence.
        remedy: What to do.
        clock_offset: The Date header of the answer minus the date that was signed, to the second: positive when the
            service is ahead. It includes the time the request took. None when one of them is missing or malformed.
        comparison: The string to sign as expected and as signed, line by line with a mark at the first difference,
            where an emulator of this project found out both; else None.
    """

    status: int | None
    code: str | None
    message: str | None
    target: str | None
    request_id: str | None
    client_request_id: str | None
    api_version: str | None
    cause: Cause
    likely: str
    remedy: str
    clock_offset: timedelta | None
    comparison: str | None = None

    def __str__(self) -> str:
        head = " ".join(str(part) for part in (self.status or "no answer", self.code) if part)
        ids = {
            "API version": self.api_version,
            "request id": self.request_id,
            "client request id": self.client_request_id,
        }
        return "\n".join(
            [
                f"{head}: {self.message}" if self.message else head,
                f"Likely cause ({self.cause}): {self.likely}",
                f"What to do: {self.remedy}",
                *([f"String to sign:\n{self.comparison}"] if self.comparison else []),
                *(f"{name}: {value}" for name, value in ids.items() if value),
            ]
        )


def explain(error: HttpResponseError, *, access_key: str | None = None) -> Explanation:
    """Say why the service most likely refused.

    Args:
        error: Any HttpResponseError of azure-core. Only its response and the request behind it are looked at.
        access_key: The access key (base64) that should have signed the request. With it the signature is made anew,
            also with the mistakes that are often made, which tells a wrong key from a wrong host, path or query.

    Returns:
        The explanation. Where the emulator of this project answered and no key is given, its own reason stands in it.

    Raises:
        TypeError: The error is no HttpResponseError.
        ValueError: The access key is empty or not base64.

    >>> from azure.core.exceptions import HttpResponseError
    >>> from acs_identity import CommunicationIdentityClient
    >>> try:
    ...     CommunicationIdentityClient(endpoint, "b3RoZXI=").create_user()
    ... except HttpResponseError as error:
    ...     explanation = explain(error, access_key=access_key)
    >>> explanation.cause
    <Cause.ACCESS_KEY: 'access_key'>
    >>> explanation.likely
    'The request was signed with another key than the one given here.'
    """
    if not isinstance(error, HttpResponseError):
        raise TypeError(f"Only an HttpResponseError of azure-core can be explained, not {type(error).__name__}.")
    key = None if access_key is None else decode_access_key(access_key)
    evidence = evidence_of(error.response)
    offset = clock_offset(evidence)
    finding = find(evidence, offset, key)
    reason = evidence.headers.get("x-emulator-reason")
    hide = redactor(evidence.request.secrets)
    comparison = _comparison(evidence, hide)

    def shown(text: str | None) -> str | None:
        return text and hide(text)

    return Explanation(
        status=evidence.status,
        code=shown(evidence.code),
        message=shown(evidence.message),
        target=shown(evidence.target),
        request_id=shown(evidence.request_id),
        client_request_id=shown(evidence.client_request_id),
        api_version=shown(evidence.request.api_version),
        cause=finding.cause,
        likely=f"The emulator says: {hide(reason)}." if reason and key is None else finding.likely,
        remedy="Sign the string to sign that is expected." if comparison and key is None else finding.remedy,
        clock_offset=offset,
        comparison=comparison,
    )


def _comparison(evidence: Evidence, hide: Callable[[str], str]) -> str | None:
    texts = evidence.strings_to_sign
    if texts is None or texts[0] == texts[1]:
        return None
    # An id that the emulator has hidden stays as it is: how it is escaped may be the difference.
    expected, signed = (text if hide(rest := _HIDDEN_ID.sub("", text)) == rest else hide(text) for text in texts)
    return side_by_side(expected, signed)


def string_to_sign(request: HttpRequest | PipelineHttpRequest) -> str:
    r"""Return the text that the signature of a request has to cover: what the service makes of the request as sent.

    To compare with what another signer made. The text holds the path and with it the identity id: do not log it.
    Source: REST reference, "Authentication".

    Args:
        request: A request of azure-core as it was sent: ``error.response.request``, or
            ``response.http_request`` in a ``raw_response_hook``.

    Returns:
        Method, path with query, and the values of the signed headers: date, host and hash of the body.

    Raises:
        ValueError: The request carries no signature of an access key, or one whose headers are not all there.

    >>> from acs_identity import CommunicationIdentityClient
    >>> sent = []
    >>> client = CommunicationIdentityClient(endpoint, access_key)
    >>> user = client.create_user(raw_response_hook=lambda response: sent.append(response.http_request))
    >>> print(string_to_sign(sent[0]))
    POST
    /identities?api-version=2026-09-23
    ... GMT;contoso.communication.azure.com;47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
    """
    sent = sent_request(request)
    authorization = sent.headers.get("authorization")
    if authorization is None:
        raise ValueError("The request carries no signature: it has no Authorization header.")
    if authorization.lower().startswith("bearer "):
        raise ValueError("The request carries no signature: it is authenticated with a bearer token.")
    wrong = malformed(sent)
    if wrong:
        raise ValueError(f"The request carries no signature that can be read. {wrong}")
    return text_to_sign(sent)
