"""The sample programs of the official package run here with nothing changed but their import lines."""

import asyncio
import inspect
import re
import runpy
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
from azure.core.exceptions import ResourceNotFoundError

from acs_identity import CommunicationIdentityClient
from acs_identity_emulator import Emulator, EmulatorServer

SAMPLES = ["identity_samples.py", "identity_samples_async.py"]
APPLICATION = "2c3e1e83-8fd7-4615-ad2b-b8c1229845ac"
TEAMS_USER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"
ID = r"8:acs:[\w-]+"
TOKEN = r"eyJ[\w-]+\.[\w-]+\.[\w-]+"

# What each method leaves behind: how many identity ids it prints, and the state of the last token it prints.
METHODS: dict[str, tuple[int, str | None]] = {
    "create_user": (1, None),
    "create_user_and_token": (1, "live"),
    "create_user_and_token_with_custom_expiration": (1, "live"),
    "get_token": (1, "live"),
    "get_token_with_custom_expiration": (1, "live"),
    "revoke_tokens": (0, "revoked"),
    "delete_user": (2, None),
    "get_token_for_teams_user": (0, "live"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(Emulator()) as running:
        yield running


@pytest.fixture(params=SAMPLES)
def original(request: pytest.FixtureRequest, root: Path) -> str:
    name: str = request.param
    path = root / "build" / "official" / name
    if not path.exists():
        pytest.skip("the official samples are not here; python tools/official_samples.py fetches them")
    return path.read_text(encoding="utf-8")


@pytest.fixture
def migrated(load_tool: Callable[[str], ModuleType], original: str) -> str:
    text: str = load_tool("official_samples").migrated(original)
    return text


@pytest.fixture
def program(migrated: str, tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(migrated, encoding="utf-8")
    return path


@pytest.fixture(params=["access key", "Entra ID"], autouse=True)
def surroundings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, server: EmulatorServer) -> None:
    """What the programs expect around them: settings, and packages that get tokens from Entra ID."""
    entra = server.emulator.entra

    class PublicClientApplication:
        def __init__(self, client_id: str, authority: str) -> None:
            assert (client_id, authority) == (APPLICATION, "https://login.example/tenant")

        def acquire_token_by_username_password(self, username: str, password: str, scopes: list[str]) -> dict[str, Any]:
            assert (username, password) == ("alice", "secret")
            audience = scopes[0].rpartition("/")[0]
            token = entra.issue_token(client_id=APPLICATION, object_id=TEAMS_USER, audience=audience)
            return {"access_token": token, "id_token_claims": {"oid": TEAMS_USER}}

    stand_ins: dict[str, dict[str, Any]] = {
        "msal": {"PublicClientApplication": PublicClientApplication},
        "azure.identity": {"DefaultAzureCredential": entra.credential},
        "azure.identity.aio": {"DefaultAzureCredential": entra.async_credential},
    }
    for name, members in stand_ins.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    settings = {
        "COMMUNICATION_SAMPLES_CONNECTION_STRING": server.connection_string,
        "COMMUNICATION_M365_APP_ID": APPLICATION,
        "COMMUNICATION_M365_AAD_AUTHORITY": "https://login.example",
        "COMMUNICATION_M365_AAD_TENANT": "tenant",
        "COMMUNICATION_MSAL_USERNAME": "alice",
        "COMMUNICATION_MSAL_PASSWORD": "secret",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SKIP_INT_IDENTITY_EXCHANGE_TOKEN_TEST", raising=False)
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"):
        if request.param == "Entra ID":
            monkeypatch.setenv(name, "given")
        else:
            monkeypatch.delenv(name, raising=False)


def test_nothing_but_import_lines_is_changed(original: str, migrated: str) -> None:
    lines = list(zip(original.splitlines(), migrated.splitlines(), strict=True))
    changed = [(before.strip(), after.strip()) for before, after in lines if before != after]
    assert changed
    for before, after in changed:
        assert before.startswith("from azure.communication.identity")
        assert after.startswith(("from acs_identity import", "from acs_identity.aio import"))
    assert "azure.communication" not in migrated


@pytest.mark.parametrize("method", METHODS)
def test_every_method_of_a_sample_does_what_it_says(
    program: Path, method: str, server: EmulatorServer, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = runpy.run_path(str(program))["CommunicationIdentityClientSamples"]()
    answer = getattr(sample, method)()
    if inspect.iscoroutine(answer):
        asyncio.run(answer)
    printed = capsys.readouterr().out
    ids, tokens = re.findall(ID, printed), re.findall(TOKEN, printed)
    count, state = METHODS[method]
    assert len(ids) == count
    assert bool(tokens) == (state is not None)
    if state is not None:
        status = server.emulator.introspect(tokens[-1])
        assert status.state == state
        hours = 1 if method.endswith(("custom_expiration", "teams_user")) else 24
        assert status.expires_on is not None
        lives = status.expires_on - datetime.now(UTC)
        assert timedelta(hours=hours - 0.5) < lives <= timedelta(hours=hours)
    with CommunicationIdentityClient.from_connection_string(server.connection_string) as client:
        for identity in ids[:1]:
            if method == "delete_user":
                with pytest.raises(ResourceNotFoundError):
                    client.get_token(identity, ["chat"])
            else:
                assert client.get_token(identity, ["chat"]).token


def test_every_method_of_a_sample_is_run(program: Path) -> None:
    members = cast(dict[str, object], vars(runpy.run_path(str(program))["CommunicationIdentityClientSamples"]))
    assert {name for name in members if not name.startswith("_")} == set(METHODS)


def test_a_sample_runs_as_a_program(program: Path, server: EmulatorServer, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(program), run_name="__main__")
    printed = capsys.readouterr().out
    states = [server.emulator.introspect(token).state for token in re.findall(TOKEN, printed)]
    # A token of a user with one, one issued, one before and after it is revoked, that of Entra ID and the Teams user's.
    assert states == ["live", "live", "revoked", "revoked", "unknown", "live"]
    assert len(re.findall(ID, printed)) == 5
