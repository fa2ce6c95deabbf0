"""Reads and writes the claims of a JWT; signatures are neither checked nor made."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from ._fakes import read_jwt


def claims_of(token: str) -> dict[str, Any] | None:
    """Return the claims of a token; None when it is no JWT."""
    jwt = read_jwt(token)
    return None if jwt is None else dict(jwt.claims)


def with_claims(token: str, claims: Mapping[str, Any]) -> str:
    """Return a JWT with the head and the signature of another one and claims of its own."""
    head, _, signature = token.split(".")
    text = json.dumps(claims, separators=(",", ":")).encode()
    return f"{head}.{base64.urlsafe_b64encode(text).decode().rstrip('=')}.{signature}"
