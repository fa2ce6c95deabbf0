"""Whatever is done with whatever secrets, none is in the cassette, and the cassette plays back."""

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, quote_plus

import pytest
import yaml
from azure.core.exceptions import HttpResponseError
from hypothesis import given, settings
from hypothesis import strategies as st

from acs_identity import CommunicationIdentityClient, EntraAssignment
from acs_identity.testing import playback_connection_string, vcr_config
from acs_identity.testing._recording import Recording
from acs_identity_emulator import Emulator, EmulatorServer

# make nightly tries 10,000.
_VCR: Any = import_module("vcr").VCR
EXAMPLES = int(os.environ.get("RECORDING_EXAMPLES", "300"))
VERSION = "2025-03-02-preview"
CASSETTE = "cassette.yaml"


def digest(number: int) -> str:
    """Return what looks random whatever the number is: what is full of zeros is in every cassette."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def guid(number: int) -> str:
    text = digest(number)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"


numbers = st.integers(0, 10**9)
# Each has a part that no cassette has by chance, and whatever else people may write.
words = st.builds("{}{:.16}{}".format, st.text(max_size=5), numbers.map(digest), st.text(max_size=5))
guids = numbers.map(guid)
scopes = st.lists(st.sampled_from(["chat", "voip", "chat.join", "voip.join"]), min_size=1, max_size=3, unique=True)
users = st.integers(0, 3)
steps = st.one_of(
    st.tuples(st.just("create"), st.none() | words),
    st.tuples(st.just("create with token"), st.none() | words, scopes, st.sampled_from([None, 60, 90, 1440])),
    st.tuples(st.just("issue"), users, scopes, st.sampled_from([None, 60, 1440])),
    st.tuples(st.just("revoke"), users),
    st.tuples(st.just("delete"), users),
    st.tuples(st.just("get"), users),
    st.tuples(
        st.just("teams user"), guids, guids, guids, st.sampled_from(["good", "other user", "expired", "garbage"])
    ),
    st.tuples(st.just("assign"), guids, guids, guids),
    st.tuples(st.just("read assignment"), guids, guids),
    st.tuples(st.just("assign many"), st.lists(guids, min_size=1, max_size=12, unique=True), guids),
    st.tuples(st.just("list assignments")),
    st.tuples(st.just("somebody else's"), guids, guids),
)


@dataclass
class Flow:
    """What was done, what came of it, and what of it is secret."""

    client: CommunicationIdentityClient
    emulator: Emulator
    secrets: set[str] = field(default_factory=set[str])
    users: list[Any] = field(default_factory=list[Any])
    outcomes: list[Any] = field(default_factory=list[Any])

    def run(self, step: tuple[Any, ...]) -> None:
        try:
            self.outcomes.append(self._do(*step))
        except HttpResponseError as error:
            told: Any = error.error
            self.outcomes.append((error.status_code, told.code, told.target))

    def _do(self, name: str, *arguments: Any) -> Any:
        client = self.client
        match name, *arguments:
            case "create", custom_id:
                return self._made(client.create_user(custom_id=custom_id))
            case "create with token", custom_id, wanted, minutes:
                lifetime = None if minutes is None else timedelta(minutes=minutes)
                user, token = client.create_user_and_token(wanted, token_expires_in=lifetime, custom_id=custom_id)
                return self._made(user), self._issued(token)
            case "issue", user, wanted, minutes:
                lifetime = None if minutes is None else timedelta(minutes=minutes)
                return self._issued(client.get_token(self._user(user), wanted, token_expires_in=lifetime))
            case "revoke", user:
                return client.revoke_tokens(self._user(user))
            case "delete", user:
                return client.delete_user(self._user(user))
            case "get", user:
                read = client.get_user(self._user(user))
                return self.users.index(read.user), read.custom_id
            case "teams user", tenant, application, person, kind:
                entra_token = self._entra_token(kind, tenant, application, person)
                self.secrets |= {tenant, application, person}
                named = application if kind == "other user" else person
                return self._issued(client.get_token_for_teams_user(entra_token, application, named))
            case "assign", tenant, person, application:
                self.secrets |= {tenant, person, application}
                return client.upsert_teams_extension_assignment(tenant, person, "user", client_ids=[application])
            case "read assignment", tenant, person:
                self.secrets |= {tenant, person}
                return client.get_teams_extension_assignment(tenant, person)
            case "assign many", people, tenant:
                self.secrets |= {*people, tenant}
                assignments = [EntraAssignment(each, tenant, "user", ()) for each in people]
                return client.update_entra_assignments(upsert=assignments)
            case ("list assignments",):
                return sorted(each.object_id for each in client.list_entra_assignments())
            case _, resource, person:
                self.secrets |= {resource, person}
                return client.delete_user(f"8:acs:{resource}_{person}")
            case _:
                raise AssertionError(name)

    def _user(self, index: int) -> Any:
        if not self.users:
            self._made(self.client.create_user())
        return self.users[index % len(self.users)]

    def _made(self, user: Any) -> int:
        self.secrets |= {user.raw_id, user.raw_id.removeprefix("8:acs:")}
        if user not in self.users:
            self.users.append(user)
        return int(self.users.index(user))

    def _issued(self, token: Any) -> Any:
        head, claims, signature = token.token.split(".")
        self.secrets |= {token.token, signature, head}
        told = json.loads(base64.urlsafe_b64decode(claims + "=="))
        return told["acsScope"], told["exp"] - told["iat"] if "iat" in told else None

    def _entra_token(self, kind: str, tenant: str, application: str, person: str) -> str:
        if kind == "garbage":
            return f"garbage-{tenant}"
        lifetime = -1 if kind == "expired" else 3600
        token = self.emulator.entra.issue_token(
            tenant_id=tenant, client_id=application, object_id=person, expires_in=timedelta(seconds=lifetime)
        )
        self.secrets.add(token)
        return token


def run(path: Path, emulator: Emulator, connection_string: str, steps: list[tuple[Any, ...]], mode: str) -> Flow:
    """Go through a flow with the cassette of a folder."""
    options = vcr_config()
    vcr = _VCR(record_mode=mode)
    recording = Recording(vcr, options["acs_identity"], "")
    with (
        vcr.use_cassette(str(path / CASSETTE), **options) as cassette,
        CommunicationIdentityClient.from_connection_string(
            connection_string, api_version=VERSION, retry_total=0
        ) as client,
    ):
        flow = Flow(client, emulator)
        for step in steps:
            flow.run(step)
        recording.check(cassette)
    recording.check_saved()
    return flow


def spellings(secret: str) -> Iterator[str]:
    """Yield a secret as it could be written in a cassette."""
    yield secret
    yield secret.replace("-", "")
    for spelled in (quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
        yield spelled
        yield spelled.lower()
        yield spelled.upper()
        yield quote(spelled)
        yield quote(spelled, safe="")
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret.encode()).decode()
        # What depends on the neighbours is left out.
        inner = encoded[4:-4]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in cast("dict[str, Any]", value).items():
            yield str(name)
            yield from texts(member)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):  # type: ignore[redundant-cast]
            yield from texts(item)
    else:
        yield value.decode("latin-1") if isinstance(value, bytes) else str(value)


def found(secrets: set[str], text: str) -> list[str]:
    """Return which secrets are in a cassette, searched without the help of what takes them out."""
    everything = "\n".join([text, *texts(yaml.safe_load(text))])
    return [secret for secret in secrets if any(each and each in everything for each in spellings(secret))]


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(Emulator()) as running:
        yield running


@pytest.mark.once
@pytest.mark.timeout(0)
@pytest.mark.filterwarnings("ignore:.* is a preview:UserWarning")
def test_no_secret_of_a_random_flow_is_in_its_cassette_and_every_flow_plays_back(
    server: EmulatorServer, tmp_path: Path
) -> None:
    recorded = 0

    @settings(
        max_examples=EXAMPLES, derandomize=EXAMPLES <= 300, database=None, deadline=None, report_multiple_bugs=False
    )
    @given(key=st.binary(min_size=16, max_size=64), flow=st.lists(steps, min_size=1, max_size=8))
    def record_and_play(key: bytes, flow: list[tuple[Any, ...]]) -> None:
        nonlocal recorded
        (tmp_path / CASSETTE).unlink(missing_ok=True)
        access_key = base64.b64encode(b"key" + key).decode()
        server.emulator = Emulator(access_key=access_key)
        live = run(tmp_path, server.emulator, server.connection_string, flow, "once")
        text = (tmp_path / CASSETTE).read_text(encoding="utf-8")
        custom_ids = {each for step in flow if step[0].startswith("create") for each in step[1:2] if each}
        host = server.endpoint.removeprefix("http://")
        assert found(live.secrets | custom_ids | {access_key, host}, text) == []
        played = run(tmp_path, server.emulator, playback_connection_string(), flow, "none")
        assert played.outcomes == live.outcomes
        assert len(played.users) == len(live.users)
        recorded += 1

    record_and_play()
    assert recorded >= min(EXAMPLES, 300) / 2


def test_a_secret_in_any_spelling_would_be_found() -> None:
    secret = "Zürich/№1000000000000000"
    shown = [
        secret, quote(secret), quote(quote(secret)), json.dumps(secret),
        base64.b64encode(b"12" + secret.encode() + b"345").decode(),
    ]  # fmt: skip
    assert [
        each for each in shown if found({secret}, yaml.safe_dump({"a": [f"before {each} after"]})) != [secret]
    ] == []
    assert found({secret}, yaml.safe_dump({"a": ["something else", 1, None]})) == []
