"""Errors of the service on their way to the user."""

from collections.abc import Generator
from contextlib import contextmanager

from azure.core.exceptions import AzureError, DecodeError, DeserializationError

from ._redaction import redact


@contextmanager
def service_errors() -> Generator[None]:
    """Redact the text of an azure-core error that passes through; its type, response and cause stay.

    Raises:
        azure.core.exceptions.DecodeError: The answer could not be read as the model that the contract promises.
    """
    try:
        yield
    except (DeserializationError, UnicodeDecodeError) as error:
        raise DecodeError("The service's answer is not what the contract of its API version promises.") from error
    except AzureError as error:
        error.message = redact(error.message)
        error.exc_msg = redact(error.exc_msg)
        error.args = tuple(redact(part) if isinstance(part, str) else part for part in error.args)
        raise
