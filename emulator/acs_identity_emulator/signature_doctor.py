"""Explaining why a signature is not the expected one.

This is the place for every test of a suspicion (another host, another spelling of the URL, another key, ...).
"""

from .messages import Request


def explain_signature(request: Request) -> str:
    """Return one line for the developer, without key, token, signature or identity id.

    Args:
        request: A request whose date and content hash are right but whose signature is not.
    """
    path = "the path" if "?" not in request.target else "the path with its query"
    return (
        "the signature was made with another key or over another string: sign the method, "
        f"{path} as sent, and the date, the Host header and the content hash as sent"
    )
