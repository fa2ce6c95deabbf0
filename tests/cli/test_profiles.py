"""`acs-identity profiles`: endpoints with names, and keys where nobody else reads them."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest

from acs_identity_emulator import EmulatorServer

from .conftest import CONNECTION_STRING, Run

pytestmark = pytest.mark.once

ELSEWHERE = "endpoint=http://127.0.0.1:9/;accesskey=c2VjcmV0"


class Memory(keyring.backend.KeyringBackend):
    """A keyring that forgets everything at the end."""

    priority = 1  # pyright: ignore[reportAssignmentType]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError


@pytest.fixture
def memory() -> Iterator[Memory]:
    before = keyring.get_keyring()
    memory = Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture(autouse=True)
def no_keyring() -> Iterator[None]:
    from keyring.backends.fail import Keyring

    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


def settings(tmp_path: Path) -> Path:
    return tmp_path / "home" / ".config" / "acs-identity" / "profiles.json"


def test_a_profile_keeps_its_key_in_the_keyring_alone(
    bare: Run, server: EmulatorServer, tmp_path: Path, memory: Memory
) -> None:
    added = bare("profiles", "add", "shop", stdin=server.connection_string)
    assert added.data == {"name": "shop", "endpoint": server.endpoint, "key": "keyring", "default": True}
    key = server.emulator.access_key
    assert memory.kept == {("acs-identity", "shop"): key}
    assert key not in settings(tmp_path).read_text()
    assert bare("user", "create", "--profile", "shop").code == 0
    assert bare("user", "create").code == 0


def test_without_a_keyring_the_key_is_kept_nowhere(bare: Run, tmp_path: Path) -> None:
    done = bare("profiles", "add", "shop", stdin=ELSEWHERE)
    assert done.code == 3
    assert "--plain-text-key" in done.stderr
    assert not settings(tmp_path).exists()


def test_a_key_in_the_file_is_there_only_on_demand_and_for_its_owner_alone(bare: Run, tmp_path: Path) -> None:
    done = bare("profiles", "add", "shop", "--plain-text-key", stdin=ELSEWHERE)
    assert done.data["key"] == "file, as plain text"
    assert stat.S_IMODE(settings(tmp_path).stat().st_mode) == 0o600
    assert "c2VjcmV0" in settings(tmp_path).read_text()
    for command in (["list"], ["show", "shop"]):
        assert "c2VjcmV0" not in bare("profiles", *command).stdout


def test_a_resource_that_is_asked_with_a_sign_in_needs_no_key(bare: Run) -> None:
    done = bare("profiles", "add", "work", "--endpoint", "https://contoso.communication.azure.com/")
    assert done.data == {
        "name": "work",
        "endpoint": "https://contoso.communication.azure.com",
        "key": "none: Entra",
        "default": True,
    }


def test_the_default_is_the_first_until_another_is_chosen(bare: Run) -> None:
    for name in ("one", "two"):
        bare("profiles", "add", name, "--endpoint", f"http://{name}.invalid")
    assert [profile["default"] for profile in bare("profiles", "list").data] == [True, False]
    assert bare("profiles", "use", "two").code == 0
    assert [profile["default"] for profile in bare("profiles", "list").data] == [False, True]
    assert bare("profiles", "add", "three", "--endpoint", "http://three.invalid", "--default").data["default"]


def test_a_profile_is_removed_with_its_key(bare: Run, memory: Memory) -> None:
    bare("profiles", "add", "shop", stdin=ELSEWHERE)
    assert bare("profiles", "remove", "shop").code == 2
    assert bare("profiles", "remove", "shop", "--yes").code == 0
    assert memory.kept == {}
    assert bare("profiles", "list").data == []


def test_what_is_given_goes_before_a_profile_and_a_profile_before_the_environment(
    bare: Run, server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare("profiles", "add", "shop", "--plain-text-key", stdin=ELSEWHERE)
    monkeypatch.setenv(CONNECTION_STRING, server.connection_string)

    def source(*arguments: str) -> str:
        return str(bare("doctor", *arguments).data[0]["detail"].partition(", from ")[2])

    assert source() == CONNECTION_STRING
    assert source("--profile", "shop") == "profile shop"
    assert source("--connection-string", server.connection_string) == "--connection-string"
    monkeypatch.setenv("ACS_IDENTITY_PROFILE", "shop")
    assert source() == "profile shop"
    assert source("--endpoint", server.endpoint, "--key", server.emulator.access_key) == "--endpoint"
    monkeypatch.delenv("ACS_IDENTITY_PROFILE")
    monkeypatch.delenv(CONNECTION_STRING)
    assert source() == "profile shop"


def test_a_key_that_has_left_the_keyring_is_missed(bare: Run, memory: Memory) -> None:
    bare("profiles", "add", "shop", stdin=ELSEWHERE)
    memory.kept.clear()
    done = bare("user", "create", "--profile", "shop")
    assert done.code == 3
    assert "Add the profile anew" in done.stderr


@pytest.mark.parametrize("content", ["", "{", "[]", '{"profiles": 3}', '{"profiles": {"a": {}}}', "\x00"])
def test_a_damaged_file_is_named(bare: Run, tmp_path: Path, content: str) -> None:
    file = settings(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_text(content)
    for command in (["profiles", "list"], ["user", "create"]):
        done = bare(*command)
        assert done.code == 2
        assert str(file) in done.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("add", "shop"), "", "nothing on stdin"),
        (("add", "shop"), "endpoint=https://contoso.communication.azure.com", "accesskey"),
        (("add", "shop", "--endpoint", "ftp://contoso"), "", "http"),
        (("show", "shpo"), "", "Did you mean shop?"),
        (("use", "nobody"), "", "There is no profile nobody"),
        (("remove", "nobody", "--yes"), "", "There is no profile nobody"),
    ],
)
def test_a_mistake_is_told(bare: Run, arguments: tuple[str, ...], stdin: str, said: str) -> None:
    bare("profiles", "add", "shop", "--endpoint", "http://shop.invalid")
    done = bare("profiles", *arguments, stdin=stdin)
    assert done.code == 2
    assert said in done.stderr


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="nothing is closed to an administrator")
def test_a_home_that_cannot_be_written_is_told(bare: Run, tmp_path: Path) -> None:
    (tmp_path / "home").chmod(0o500)
    done = bare("profiles", "add", "shop", "--endpoint", "http://shop.invalid")
    assert done.code == 2
    assert "Permission denied" in done.stderr


def test_a_home_that_is_a_file_is_told(bare: Run, tmp_path: Path) -> None:
    (tmp_path / "home" / ".config").write_text("")
    done = bare("profiles", "add", "shop", "--endpoint", "http://shop.invalid")
    assert done.code == 2
    assert str(tmp_path) in done.stderr


def test_the_file_holds_what_a_person_can_read(bare: Run, tmp_path: Path) -> None:
    bare("profiles", "add", "shop", "--endpoint", "http://shop.invalid")
    assert json.loads(settings(tmp_path).read_text()) == {
        "default": "shop",
        "profiles": {"shop": {"endpoint": "http://shop.invalid"}},
    }
