"""The logger of the package, and what keeps identity ids and tokens out of the logs of the libraries below it."""

import logging
import traceback

from ._redaction import redact

LOGGER = logging.getLogger("acs_identity")

# Each of these logs URLs, or reprs, errors and warnings that hold URLs. A filter works on its own logger only.
_LEAKING = (
    "asyncio",
    "py.warnings",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.util.retry",
)
_MSREST = "acs_identity_rest._msrest.serialization"
# One of them is in whatever holds an id or a token. Other users of these loggers pay for this search only.
_MARKS = ("/identities/", "/tenants/", "/assignments/", "8:", "8%", "4:", "4%", "eyJ")


class _RedactingFilter(logging.Filter):
    """Redacts records of libraries that log what is sent and received. Records without a secret stay as they are."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a record that cannot be formatted is for the handler to report
            return True
        redacted = _redact_marked(message)
        if redacted != message:
            record.msg, record.args = redacted, ()
        if record.exc_info and record.exc_info[1]:
            text = "".join(traceback.format_exception(record.exc_info[1])).rstrip()
            redacted = _redact_marked(text)
            if redacted != text:
                record.exc_info, record.exc_text = None, redacted
        return True


class _BodyFilter(logging.Filter):
    """Leaves the traceback out of what msrest logs about an answer that it cannot read: it shows the body."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0]:
            record.msg = f"{record.getMessage()} ({record.exc_info[0].__name__})"
            record.args, record.exc_info = (), None
        return True


def _redact_marked(text: str) -> str:
    return redact(text) if any(mark in text for mark in _MARKS) else text


_REDACTING = _RedactingFilter()
_BODY = _BodyFilter()


def redact_library_logs() -> None:
    """Keep identity ids and tokens out of the logs of the libraries below the clients. Doing it twice does no harm."""
    for name in _LEAKING:
        logging.getLogger(name).addFilter(_REDACTING)
    logging.getLogger(_MSREST).addFilter(_BODY)
