"""Errors of the service on their way to the user.

azure.core.exceptions.HttpResponseError
└── CommunicationIdentityError          the service answered, but not with what was asked for
    ├── UnauthorizedError               401, also a ClientAuthenticationError
    ├── NotFoundError                   404, also a ResourceNotFoundError
    ├── ConflictError                   409, also a ResourceExistsError
    └── UnreadableAnswerError           an answer that cannot be read, also a DecodeError
"""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    DeserializationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)

from ._evidence import Evidence, evidence_of
from ._redaction import redact, redact_errors, redactor

_CONTENT_LIMIT = 300
# What a copy in another process cannot have.
_LEFT_BEHIND = ("response", "model", "inner_exception", "exc_type", "exc_value", "exc_traceback")


class CommunicationIdentityError(HttpResponseError):
    """The service refused, or its answer cannot be read. An azure-core error that also carries what the service said.

    What azure-core defines stays: ``status_code`` (int), ``reason``, ``message``, ``error``, ``response``, ``model``.
    No text of the error or of the errors behind it shows a key, a token or an identity id; ``response`` and ``model``
    are as they were received. A copy, also a pickled one, has neither these two nor the exceptions behind the error.

    Args:
        message: The text to use where the body of the response has none.
        response: The response of azure-core.
        kwargs: As for HttpResponseError.

    Attributes:
        code: The error code of the service (str), for example "Denied"; None when the answer has none.
        service_message: The message of the service (str), redacted; None when the answer has none.
        target: What the error is about (str), for example the member "scopes" of the body; mostly None.
        request_id: The service's own id of the request (str), from x-ms-request-id, MS-CV or X-Azure-Ref, for a support
            case; None when the answer has none.
        client_request_id: The id that the client gave the request (str), or None.
        api_version: The API version that the request asked for (str), or None.

    >>> from acs_identity import CommunicationIdentityClient, CommunicationIdentityError
    >>> client = CommunicationIdentityClient.from_connection_string(connection_string)
    >>> try:
    ...     client.delete_user("8:acs:of_another_resource")
    ... except CommunicationIdentityError as error:
    ...     print(error.status_code, error.code, error.service_message, error.api_version, sep=" | ")
    400 | ValidationError | Provided Id has invalid format. | 2026-09-23
    """

    # Tracebacks show the name that people import.
    __module__ = "acs_identity"

    code: str | None
    service_message: str | None
    target: str | None
    request_id: str | None
    client_request_id: str | None
    api_version: str | None
    _remark: str

    def __init__(self, message: object = None, response: Any = None, **kwargs: Any) -> None:
        super().__init__(message, response, **kwargs)
        evidence = evidence_of(response)
        hide = redactor(evidence.request.secrets)
        vars(self).update(_said(self, evidence, hide))
        redact_errors(self, hide, sys.exception())

    def __str__(self) -> str:
        return f"{self.message}{self._remark}"

    def __reduce__(self) -> tuple[Any, ...]:
        state = vars(self) | dict.fromkeys(_LEFT_BEHIND)
        return _restored, (type(self), self.args, state)


class UnauthorizedError(CommunicationIdentityError, ClientAuthenticationError):
    """The service refused the caller (401). Its text ends with the likely cause; `diagnostics.explain` tells more."""

    __module__ = "acs_identity"


class NotFoundError(CommunicationIdentityError, ResourceNotFoundError):
    """The service does not have what was asked for (404)."""

    __module__ = "acs_identity"


class ConflictError(CommunicationIdentityError, ResourceExistsError):
    """What is there already is in conflict with the request (409)."""

    __module__ = "acs_identity"


class UnreadableAnswerError(CommunicationIdentityError, DecodeError):
    """The answer is not what the contract of the API version promises, for example no JSON although it says so."""

    __module__ = "acs_identity"


_OURS: dict[type[AzureError], type[CommunicationIdentityError]] = {
    HttpResponseError: CommunicationIdentityError,
    ClientAuthenticationError: UnauthorizedError,
    ResourceNotFoundError: NotFoundError,
    ResourceExistsError: ConflictError,
    DecodeError: UnreadableAnswerError,
}


@contextmanager
def service_errors() -> Generator[None]:
    """Make the errors of azure-core that pass through this package's own, and redact them and those behind them.

    Raises:
        CommunicationIdentityError: The service refused, or its answer could not be read.
        azure.core.exceptions.AzureError: Another error of azure-core; its text is redacted.
    """
    caller = sys.exception()
    try:
        yield
    except (DeserializationError, UnicodeDecodeError) as error:
        redact_errors(error, caller=caller)
        raise UnreadableAnswerError(
            "The service's answer is not what the contract of its API version promises."
        ) from error
    except AzureError as error:
        hide: Callable[[str], str] = redact
        if isinstance(error, HttpResponseError):
            evidence = evidence_of(error.response)
            hide = redactor(evidence.request.secrets)
            kind = _OURS.get(type(error))
            # A credential has errors of the same types, for what Entra ID answered.
            if kind is not None and (evidence.request.is_operation or kind is UnreadableAnswerError):
                # The same error, so that its traceback, cause, context and notes stay.
                error.__class__ = kind
                vars(error).update(_said(error, evidence, hide))
        redact_errors(error, hide, caller)
        raise


def _said(error: HttpResponseError, evidence: Evidence, hide: Callable[[str], str]) -> dict[str, str | None]:
    """Return the attributes that an error of this package has in addition to those of azure-core."""
    return {
        "code": evidence.code,
        "service_message": evidence.message,
        "target": evidence.target,
        "request_id": evidence.request_id,
        "client_request_id": evidence.client_request_id,
        "api_version": evidence.request.api_version,
        "_remark": _remark(error, evidence, hide),
    }


def _remark(error: HttpResponseError, evidence: Evidence, hide: Callable[[str], str]) -> str:
    """Return what the text of an error says in addition to its message."""
    if evidence.status is None or evidence.status < 400:
        # The body of a success holds a token.
        return ""
    remark = ""
    if error.error is None and evidence.text.strip():
        content = " ".join(hide(evidence.text).split())
        remark = f"\nContent: {content[:_CONTENT_LIMIT]}{'...' if len(content) > _CONTENT_LIMIT else ''}"
    if evidence.status == 401:
        # Only a refusal needs it.
        from .diagnostics import explain

        remark += f"\nLikely cause: {explain(error).likely}"
    return remark


def _restored(kind: type[CommunicationIdentityError], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error
