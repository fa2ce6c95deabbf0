"""Reads and writes what is in a JWT; signatures are neither checked nor made."""

import base64
import json
from typing import Any, cast


def claims_of(token: str) -> dict[str, Any] | None:
    """Return the claims of a token; None when it is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims: object = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", claims) if isinstance(claims, dict) else None


def with_claims(token: str, claims: dict[str, Any]) -> str:
    """Return a JWT with the head and the signature of another one and claims of its own."""
    head, _, signature = token.split(".")
    text = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()
    return f"{head}.{base64.urlsafe_b64encode(text).decode().rstrip('=')}.{signature}"
