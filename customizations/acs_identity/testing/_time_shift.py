"""Moves the times in the answers of a recording, so that tokens are as fresh as on the day it was made."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, cast

from ._fakes import is_fake_jwt
from ._jwt import claims_of, with_claims
from ._scrubbing import Interaction

_TIMES = {"expiresOn", "expires_on", "lastTokenIssuedAt"}
_IN_CLAIMS = ("iat", "nbf", "exp", "csi")


def shift(interaction: Interaction, by: timedelta) -> Interaction:
    """Return an interaction whose answer was given so much later: its Date, the times in its body and in its tokens.

    Tokens that are not of a recording stay as they are.
    """
    response = cast("dict[str, Any]", interaction["response"])
    headers = {
        name: [_shifted_date(value, by) for value in values] if name.lower() == "date" else values
        for name, values in cast("dict[str, list[str]]", response["headers"]).items()
    }
    body = cast("dict[str, Any]", response["body"])
    text = body.get("string")
    if isinstance(text, str) and text[:1] in ("{", "["):
        body = {**body, "string": _shifted_body(text, by)}
    return {**interaction, "response": {**response, "headers": headers, "body": body}}


def _shifted_body(text: str, by: timedelta) -> str:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    moved = _walked(value, "", lambda name, leaf: _shifted(name, leaf, by))
    # Bytes that nothing was changed in stay as they were recorded.
    return text if moved == value else json.dumps(moved, ensure_ascii=False, separators=(",", ":"))


def _walked(value: object, name: str, change: Callable[[str, object], object]) -> object:
    if isinstance(value, dict):
        return {key: _walked(member, key, change) for key, member in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_walked(item, name, change) for item in cast("list[object]", value)]
    return change(name, value)


def _shifted(name: str, value: object, by: timedelta) -> object:
    if not isinstance(value, str):
        return value
    if name in _TIMES:
        return _shifted_time(value, by)
    if name in ("token", "access_token") and is_fake_jwt(value):
        return _shifted_token(value, by)
    return value


def _shifted_time(text: str, by: timedelta) -> str:
    try:
        moved = datetime.fromisoformat(text[:19]) + by
    except (ValueError, OverflowError):
        return text
    return moved.isoformat(timespec="seconds") + text[19:]


def _shifted_token(token: str, by: timedelta) -> str:
    claims = claims_of(token)
    if claims is None:
        return token
    seconds = round(by.total_seconds())
    moved: dict[str, Any] = {}
    for name, value in claims.items():
        if name in _IN_CLAIMS and isinstance(value, int | str) and str(value).lstrip("-").isdigit():
            moved[name] = type(value)(int(value) + seconds)
        else:
            moved[name] = value
    return with_claims(token, moved)


def _shifted_date(text: str, by: timedelta) -> str:
    try:
        return format_datetime(parsedate_to_datetime(text) + by, usegmt=True)
    except (ValueError, OverflowError):
        return text
