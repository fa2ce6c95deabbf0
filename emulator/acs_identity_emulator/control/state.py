"""What the emulator keeps, over HTTP: lists to look at, and export, import, seed and reset."""

import json
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from acs_identity_emulator.emulator import Emulator
from acs_identity_emulator.state import StateError
from acs_identity_emulator.store import StoreError

from .messages import error, json_object

DOCUMENT_LIMIT: Final = 256 * 1024 * 1024
"""The longest document to import or to seed from, in bytes."""

_LONGEST_LIST = 10_000


def routes(prefix: str, emulator: Emulator) -> list[Route]:
    """Return the endpoints that list, export, import, seed and reset what the emulator keeps."""

    async def identities(request: Request) -> Response:
        return _answer(lambda: _identities(emulator, _limit(request)))

    async def tokens(request: Request) -> Response:
        return _answer(lambda: _tokens(emulator, _limit(request)))

    async def export_state(request: Request) -> Response:
        return _answer(lambda: emulator.export_state(with_keys=_flag(request, "with_keys")))

    async def import_state(request: Request) -> Response:
        document = await json_object(request, DOCUMENT_LIMIT)
        return _answer(lambda: emulator.import_state(document))

    async def seed(request: Request) -> Response:
        document = await json_object(request, DOCUMENT_LIMIT)
        return _answer(lambda: emulator.seed(document))

    async def reset(_: Request) -> Response:
        return _answer(emulator.reset)

    return [
        Route(f"{prefix}/identities", identities, methods=["GET"]),
        Route(f"{prefix}/tokens", tokens, methods=["GET"]),
        Route(f"{prefix}/export", export_state, methods=["GET"]),
        Route(f"{prefix}/import", import_state, methods=["POST"]),
        Route(f"{prefix}/seed", seed, methods=["POST"]),
        Route(f"{prefix}/reset", reset, methods=["POST"]),
    ]


def _answer(act: Callable[[], Any]) -> Response:
    """Answer with what is returned, 204 for None; problems of the document and of the database are refusals."""
    try:
        document = act()
    except StateError as problem:
        return error(400, str(problem))
    except StoreError as problem:
        return error(500, str(problem))
    if document is None:
        return Response(status_code=204)
    # Escaped, because a scope may hold half a surrogate pair, which has no bytes in UTF-8.
    return Response(json.dumps(document), media_type="application/json")


def _identities(emulator: Emulator, limit: int) -> dict[str, Any]:
    return {
        "now": emulator.now.isoformat(),
        "total": emulator.identity_count,
        "identities": [
            {
                "id": identity.id,
                "custom_id": identity.custom_id,
                "created_on": identity.created_on.isoformat(),
                "last_token_issued_at": identity.last_token_issued_at and identity.last_token_issued_at.isoformat(),
            }
            for identity in emulator.identities(limit)
        ],
    }


def _tokens(emulator: Emulator, limit: int) -> dict[str, Any]:
    return {
        "now": emulator.now.isoformat(),
        "total": emulator.issued_token_count,
        "tokens": [
            {
                "number": record.number,
                "identity_id": record.identity_id,
                "scopes": list(record.scopes),
                "issued_on": record.issued_on.isoformat(),
                "expires_on": record.expires_on.isoformat(),
                "state": record.state,
            }
            for record in emulator.issued_tokens(limit)
        ],
    }


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "100")
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= _LONGEST_LIST):
        raise StateError(f"limit is a whole number from 1 to {_LONGEST_LIST}.")
    return int(text)


def _flag(request: Request, name: str) -> bool:
    text = request.query_params.get(name, "false")
    if text not in ("true", "false"):
        raise StateError(f"{name} is true or false.")
    return text == "true"
