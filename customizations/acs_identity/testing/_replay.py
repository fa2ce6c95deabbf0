"""Sends the requests of a recording to an emulator, with what the emulator gave in place of the fakes."""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final, cast
from urllib.parse import parse_qsl, quote, urlsplit

from acs_identity._signing import decode_access_key, sign
from acs_identity_emulator import Emulator, Request, StateError

from ._bearers import TEAMS_USER_EXCHANGE, bearer_for, is_exchange, time_left, token_to_exchange
from ._beforehand import beforehand, resource_of
from ._fakes import EPOCH, FAKE_HOST
from ._jwt import claims_of, with_claims
from ._recorded import Recorded, members_of

_OF_A_USER = re.compile(r"8:acs:[0-9a-f-]{36}_[0-9a-f-]{36}", re.IGNORECASE)
_VERSION: Final = "2026-09-23"


class NotCompared(Exception):  # noqa: N818 - no error: a request that says nothing about the emulator
    """A request cannot be made again so that its answer tells anything; the text says why."""


class Replay:
    """An emulator that has what the resource had, and that everything happens in at `EPOCH`, as in recordings.

    Args:
        recording: All that is to be asked, to know what there was beforehand.
    """

    def __init__(self, recording: Iterable[Recorded]) -> None:
        recorded = list(recording)
        # Without one, every identity is of another resource than the emulator's.
        self._emulator = Emulator(resource_id=resource_of(recorded), clock=lambda: EPOCH)
        self._key = decode_access_key(self._emulator.access_key)
        self._own: dict[str, str] = {}
        self._prepare(recorded)

    def answer(self, recorded: Recorded) -> Recorded:
        """Return what the emulator answers to a recorded request, with the fakes in place of what it gave.

        Raises:
            NotCompared: The request cannot be made again.
        """
        reason = _why_not(recorded)
        if reason:
            raise NotCompared(reason)
        body = self._body(recorded)
        try:
            answer = self._send(recorded, _replaced(self._target(recorded.uri), self._own), body)
        except ValueError:
            raise NotCompared("it is no request that can be sent") from None
        self._learn(recorded.answered, answer.answered)
        fakes = {own: fake for fake, own in self._own.items()}
        text = answer.body.decode()
        return replace(answer, body=_replaced(_with_fakes_in_tokens(text, fakes), fakes).encode())

    def _prepare(self, recording: Iterable[Recorded]) -> None:
        found = beforehand(recording)
        for kind, entries in found.seed.items():
            for entry in entries:
                # What is none for the emulator shows where it is asked for.
                with suppress(StateError):
                    self._emulator.seed({kind: [entry]})
        ids = {identity.custom_id: identity.id for identity in self._emulator.identities(10_000)}
        for name in found.had_tokens:
            raw_id = ids.get(name, name)
            url = f"https://{FAKE_HOST}/identities/{raw_id}/:issueAccessToken?api-version={_VERSION}"
            asked = Recorded("POST", url, {"content-type": "application/json"}, b"", 200, {}, b"")
            self._send(asked, urlsplit(url).path + f"?api-version={_VERSION}", b'{"scopes":["chat"]}')

    def _target(self, uri: str) -> str:
        parts = urlsplit(uri)
        query = parts.query
        token = _continuation(uri)
        for link, own in self._own.items() if token else ():
            if token == _continuation(link):
                query = query.replace(quote(token, safe=""), quote(_continuation(own), safe=""))
        return f"{parts.path}?{query}" if query else parts.path

    def _body(self, recorded: Recorded) -> bytes:
        if recorded.path == TEAMS_USER_EXCHANGE:
            token = token_to_exchange(recorded, self._emulator)
            if token is not None:
                return json.dumps({**recorded.asked, "token": token}).encode()
        try:
            return _replaced(recorded.request_body.decode(), self._own).encode()
        except UnicodeDecodeError:
            return recorded.request_body

    def _send(self, recorded: Recorded, target: str, body: bytes) -> Recorded:
        headers = {"Host": FAKE_HOST}
        if "content-type" in recorded.request_headers:
            headers["Content-Type"] = recorded.request_headers["content-type"]
        token = bearer_for(recorded, self._emulator)
        if token is None:
            headers |= sign(recorded.method, f"https://{FAKE_HOST}{target}", body, self._key, EPOCH)
        else:
            headers["Authorization"] = f"Bearer {token}"
        answer = self._emulator.handle(Request(recorded.method, target, headers, body, "https"))
        lines = {name.lower(): value for name, value in answer.headers.items()}
        return replace(recorded, status=answer.status, headers=lines, body=answer.body)

    def _learn(self, recorded: object, own: object, name: str = "") -> None:
        if isinstance(recorded, dict) and isinstance(own, dict):
            ours = cast("dict[str, object]", own)
            for member, value in cast("dict[str, object]", recorded).items():
                self._learn(value, ours.get(member), member)
        elif isinstance(recorded, str) and isinstance(own, str) and own not in self._own.values():
            # Other tools make such an id of any identity id.
            is_id = _OF_A_USER.fullmatch(recorded) and own.startswith("8:acs:")
            if is_id or (name == "nextLink" and urlsplit(recorded).path == urlsplit(own).path):
                self._own.setdefault(recorded, own)


def _continuation(link: str) -> str:
    return dict(parse_qsl(urlsplit(link).query)).get("continuationToken", "")


def _why_not(recorded: Recorded) -> str:
    if recorded.status == 429 or recorded.status >= 500:
        return f"the service answered {recorded.status} for a reason of its own"
    if recorded.path == TEAMS_USER_EXCHANGE and recorded.status in (400, 401):
        claims = claims_of(str(recorded.asked.get("token")))
        is_refused = claims is None or time_left(claims) <= timedelta(0)
        if is_refused == (recorded.status == 401):
            return ""
        return "the answer follows from an Entra ID token that the recording does not have"
    error: object = recorded.answered.get("error")
    members = cast("dict[str, object]", error) if isinstance(error, dict) else {}
    if str(members.get("target")).lower() == "customid" and recorded.asked.get("customId"):
        return "the custom id was refused, and a recording does not have it"
    code = members.get("code")
    if recorded.status != 401 or (code not in (None, "Denied") and not is_exchange(recorded)):
        return ""
    return "its credentials were refused, and a recording does not have them"


def _replaced(text: str, values: dict[str, str]) -> str:
    for value, other in values.items():
        text = text.replace(value, other)
        for spelling in (quote(value, safe=""), quote(value, safe="").replace("%3A", "%3a")):
            text = text.replace(spelling, quote(other, safe=""))
    return text


def _with_fakes_in_tokens(text: str, fakes: dict[str, str]) -> str:
    token: object = members_of(text.encode()).get("accessToken", members_of(text.encode()))
    given: object = cast("dict[str, object]", token).get("token") if isinstance(token, dict) else None
    claims = claims_of(given) if isinstance(given, str) else None
    if not isinstance(given, str) or claims is None:
        return text
    own = "8:" + str(claims.get("skypeid"))
    return text.replace(given, with_claims(given, {**claims, "skypeid": fakes.get(own, own).removeprefix("8:")}))
