"""`acs-identity profiles`: endpoints with names, and keys where nobody else reads them."""

import errno
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
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
        super().__init__()  # type: ignore[no-untyped-call]  # keyring has no types there
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
    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]  # keyring has no types there
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


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read"),
        (b"{", "cannot be read"),
        (b"[]", "does not hold profiles"),
        (b'{"profiles": 3}', "does not hold profiles"),
        (b'{"profiles": {}, "default": 3}', "does not hold profiles"),
        (b'{"profiles": {"a": {}}}', "The profile a in"),
        (b'{"profiles": {"a": {"endpoint": "http://a.invalid", "access_key": 3}}}', "The profile a in"),
        (b'{"profiles": {"a": {"endpoint": "http://a.invalid", "keyring": "no"}}}', "The profile a in"),
        (b'{"profiles": {}, "version": 2}', "another version of acs-identity"),
        (b'\xff\xfe{"profiles": {}}', "cannot be read"),
        (b"\x00", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
    ],
    ids=range(12),
)
def test_a_damaged_file_is_named_and_left_as_it_is(bare: Run, tmp_path: Path, content: bytes, said: str) -> None:
    file = settings(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    for command in (["profiles", "list"], ["user", "create"], ["profiles", "add", "a", "--endpoint", "a.invalid"]):
        done = bare(*command)
        assert done.code == 2
        assert said in done.stderr
        assert str(file) in done.stderr
    assert file.read_bytes() == content


def test_a_folder_or_a_circle_in_place_of_the_file_is_named(bare: Run, tmp_path: Path) -> None:
    file = settings(tmp_path)
    file.mkdir(parents=True)
    assert f"The profiles in {file} cannot be read: Is a directory" in bare("user", "create").stderr
    file.rmdir()
    file.symlink_to(file)
    assert f"The profiles in {file} cannot be read: Too many levels" in bare("user", "create").stderr


def test_a_file_with_the_mark_of_an_editor_is_read(bare: Run, tmp_path: Path) -> None:
    file = settings(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_bytes(b'\xef\xbb\xbf{"profiles": {"a": {"endpoint": "http://a.invalid"}}}')
    assert bare("profiles", "show", "a").data["endpoint"] == "http://a.invalid"


def test_a_profile_whose_endpoint_was_edited_wrongly_is_named(bare: Run, tmp_path: Path) -> None:
    file = settings(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_text('{"default": "a", "profiles": {"a": {"endpoint": "not a url"}}}')
    done = bare("user", "create")
    assert done.code == 2
    assert "profile a: The endpoint has no valid host" in done.stderr


def test_a_default_that_is_gone_is_told_as_such(bare: Run, tmp_path: Path) -> None:
    file = settings(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_text('{"default": "a", "profiles": {}}')
    assert bare("user", "create").stderr.startswith("The default profile: There is no profile a.")


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "../a", "a/b", ".a", "a\nb", "\x1b[31m", "a\udcff", "x" * 65], ids=ascii
)
def test_a_name_that_nobody_can_type_again_is_refused(bare: Run, tmp_path: Path, name: str) -> None:
    done = bare("profiles", "add", name, "--endpoint", "http://a.invalid")
    assert done.code == 2
    assert "64 letters" in done.stderr
    assert not settings(tmp_path).exists()


@pytest.mark.parametrize("name", ["a", "Zo\u00e9", "shop.eu-1_test", "1", "x" * 64], ids=ascii)
def test_other_names_are_found_again(bare: Run, name: str) -> None:
    assert bare("profiles", "add", name, "--endpoint", "http://a.invalid").code == 0
    assert bare("profiles", "show", name).data["name"] == name


class Broken(Memory):
    """A keyring with something wrong below it."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [keyring.errors.KeyringLocked(), OSError("c2VjcmV0"), ValueError(), ModuleNotFoundError()],
    ids=lambda error: type(error).__name__,
)
def test_a_keyring_that_fails_is_told_whatever_it_raises(bare: Run, memory: Memory, error: Exception) -> None:
    kind = type(error).__name__
    bare("profiles", "add", "shop", stdin=ELSEWHERE)
    keyring.set_keyring(Broken(error))
    for command in (["profiles", "add", "other"], ["user", "create"]):
        done = bare(*command, stdin=ELSEWHERE)
        assert done.code == 3
        assert f"({kind})" in done.stderr
        assert "c2VjcmV0" not in done.stderr
    assert [profile["name"] for profile in bare("profiles", "list").data] == ["shop"]
    removed = bare("profiles", "remove", "shop", "--yes")
    assert removed.code == 0
    assert f"The key of shop is still in the keyring, as shop of acs-identity ({kind})." in removed.stderr
    assert memory.kept


def test_a_keyring_that_keeps_nothing_is_none(bare: Run, tmp_path: Path) -> None:
    from keyring.backends.null import Keyring

    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]  # keyring has no types there
    done = bare("profiles", "add", "shop", stdin=ELSEWHERE)
    assert done.code == 3
    assert "--plain-text-key" in done.stderr
    assert not settings(tmp_path).exists()


@pytest.mark.parametrize("other", [["--plain-text-key"], ["--endpoint", "https://contoso.communication.azure.com"]])
def test_a_profile_that_no_longer_uses_the_keyring_leaves_no_key_there(
    bare: Run, memory: Memory, other: list[str]
) -> None:
    bare("profiles", "add", "shop", stdin=ELSEWHERE)
    assert memory.kept
    assert bare("profiles", "add", "shop", *other, stdin=ELSEWHERE).code == 0
    assert memory.kept == {}


@pytest.mark.skipif(os.name == "nt", reason="has no modes")
def test_a_file_with_a_key_that_others_can_read_is_told(bare: Run, tmp_path: Path) -> None:
    bare("profiles", "add", "shop", "--plain-text-key", stdin=ELSEWHERE)
    assert "chmod" not in bare("user", "create", "--dry-run").stderr
    settings(tmp_path).chmod(0o644)
    assert f"chmod 600 {settings(tmp_path)}" in bare("user", "create", "--dry-run").stderr
    # What is written anew is its owner's alone again.
    bare("profiles", "use", "shop")
    assert stat.S_IMODE(settings(tmp_path).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 74, "profiles.json could not be written: No space left"),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=["full", "interrupted"],
)
def test_what_ends_in_the_middle_leaves_the_file_as_it_was(
    bare: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    bare("profiles", "add", "shop", "--endpoint", "http://shop.invalid")
    before = settings(tmp_path).read_bytes()

    def end(*_: object) -> None:
        raise error

    monkeypatch.setattr(Path, "replace", end)
    done = bare("profiles", "add", "other", "--endpoint", "http://other.invalid")
    assert done.code == code
    assert said in done.stderr
    assert settings(tmp_path).read_bytes() == before
    assert {file.name for file in settings(tmp_path).parent.iterdir()} == {"profiles.json", "profiles.lock"}


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="nobody tells who waits for a lock")
def test_two_that_add_at_once_do_not_lose_each_others_profile(bare: Run, tmp_path: Path) -> None:
    import fcntl

    bare("profiles", "add", "one", "--endpoint", "http://one.invalid")
    file = settings(tmp_path)
    program = str(Path(sys.executable).parent / "acs-identity")
    command = [program, "profiles", "add", "two", "--endpoint", "http://two.invalid"]
    content = json.loads(file.read_text())
    content["profiles"]["three"] = {"endpoint": "http://three.invalid"}
    with file.with_suffix(".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            waits = re.compile(rf"-> FLOCK +ADVISORY +WRITE {process.pid} ")
            while process.poll() is None and not waits.search(Path("/proc/locks").read_text()):
                time.sleep(0.01)
            file.write_text(json.dumps(content))
            fcntl.flock(lock, fcntl.LOCK_UN)
            process.communicate(timeout=30)
    assert [profile["name"] for profile in bare("profiles", "list").data] == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("add", "shop"), "", "nothing on stdin"),
        (("add", "shop"), "endpoint=https://contoso.communication.azure.com", "accesskey"),
        (("add", "shop"), "endpoint=https://contoso.communication.azure.com;accesskey=c2VjcmV0!", "not base64"),
        (("add", "shop", "--endpoint", "ftp://contoso"), "", "http"),
        (("add", "shop", "--endpoint", ELSEWHERE), "", "--endpoint holds a whole connection string"),
        (("add", "shop", "--endpoint", "https://contoso", "--plain-text-key"), "", "--endpoint has no key"),
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


def as_anybody() -> list[str]:
    """What makes a command obey the modes of files, although root starts it."""
    if os.name == "nt":
        pytest.skip("a folder has no mode")
    if os.getuid() != 0:
        return []
    if (setpriv := shutil.which("setpriv")) is None:
        pytest.skip("nothing is closed to root, and there is no setpriv")
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search", "--"]


def test_a_home_that_cannot_be_written_is_told_and_hinders_nothing_else(server: EmulatorServer, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.chmod(0o500)
    command = [*as_anybody(), str(Path(sys.executable).parent / "acs-identity")]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, CONNECTION_STRING: server.connection_string},
        )

    for arguments in (["profiles", "add", "shop", "--endpoint", "a.invalid"], ["completion", "install", "bash", "-y"]):
        done = run(*arguments)
        assert done.returncode == 2
        assert "Permission denied" in done.stderr
    for arguments in (["user", "create"], ["profiles", "list"], ["doctor"]):
        assert run(*arguments).returncode == 0
    assert list(home.iterdir()) == []


def test_a_home_that_is_no_folder_has_no_profiles(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/dev/null")
    assert bare("profiles", "list").data == []
    assert bare("user", "create").code == 3


def test_a_home_that_is_a_file_is_told(bare: Run, tmp_path: Path) -> None:
    (tmp_path / "home" / ".config").write_text("")
    done = bare("profiles", "add", "shop", "--endpoint", "http://shop.invalid")
    assert done.code == 2
    assert str(tmp_path) in done.stderr


def test_the_file_holds_what_a_person_can_read(bare: Run, tmp_path: Path) -> None:
    bare("profiles", "add", "shop", "--endpoint", "http://shop.invalid")
    assert json.loads(settings(tmp_path).read_text()) == {
        "version": 1,
        "default": "shop",
        "profiles": {"shop": {"endpoint": "http://shop.invalid"}},
    }
