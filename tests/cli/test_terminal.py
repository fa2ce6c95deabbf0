"""The installed command in a real terminal, with somebody at the keyboard."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acs_identity_emulator import Emulator, EmulatorServer, FaultRule, local_certificate

from .conftest import CONNECTION_STRING

TMUX = shutil.which("tmux")
pytestmark = [pytest.mark.once, pytest.mark.skipif(TMUX is None, reason="there is no tmux")]


class Terminal:
    """A terminal of 100 columns in which a shell waits for what is typed."""

    def __init__(self, folder: Path, environment: dict[str, str], columns: int = 100) -> None:
        self._socket = str(folder / "tmux")
        self._environment = {
            **{name: value for name, value in os.environ.items() if name != "TMUX"},
            **environment,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PS1": "$ ",
            "LANG": "C.UTF-8",
        }
        self._tmux(
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-c",
            str(folder),
            "-x",
            str(columns),
            "-y",
            "50",
            "/bin/bash",
            "--norc",
            "--noprofile",
        )
        self.wait_for("$")

    def _tmux(self, *arguments: str) -> str:
        assert TMUX is not None
        command = [TMUX, "-S", self._socket, *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=20, check=True, env=self._environment
        ).stdout

    def type(self, text: str, *, enter: bool = True) -> None:
        self._tmux("send-keys", "-l", "--", text)
        if enter:
            self.press("Enter")

    def press(self, key: str) -> None:
        self._tmux("send-keys", key)

    @property
    def screen(self) -> str:
        return self._tmux("capture-pane", "-p", "-J").rstrip()

    def wait_for(self, text: str) -> str:
        """Return the screen as soon as there is a text on it."""
        end = time.monotonic() + 30
        while text not in (screen := self.screen):
            assert time.monotonic() < end, f"{text!r} did not come:\n{screen}"
            time.sleep(0.05)
        return screen

    def close(self) -> None:
        subprocess.run([str(TMUX), "-S", self._socket, "kill-server"], capture_output=True, timeout=20, check=False)


@pytest.fixture
def terminal(server: EmulatorServer, tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, {CONNECTION_STRING: server.connection_string})
    yield terminal
    terminal.close()


def run(terminal: Terminal, command: str) -> str:
    """Type a command; return what is on the screen when it has ended, with its exit code."""
    terminal.type(f"{command}; echo ended with $?")
    return terminal.wait_for("\nended with ")


def test_a_token_is_issued_and_redacted_on_the_screen(terminal: Terminal) -> None:
    screen = run(terminal, "acs-identity token issue --scope chat voip")
    assert "token       eyJ***" in screen
    assert "--show-secrets" in screen
    assert "user_id     8:acs:" in screen
    assert "ended with 0" in screen


def test_a_token_is_shown_when_it_is_asked_for(terminal: Terminal, emulator: Emulator) -> None:
    screen = run(terminal, "acs-identity token issue --scope chat --show-secrets --query token -o tsv")
    [token] = [line for line in screen.replace("\n", "\n ").split() if line.startswith("eyJ")]
    assert emulator.introspect(token).state == "live"


def test_over_https_it_works_the_same(tmp_path: Path) -> None:
    certificate = local_certificate(tmp_path)
    with EmulatorServer(Emulator(), tls=certificate) as server:
        environment = {CONNECTION_STRING: server.connection_string, "REQUESTS_CA_BUNDLE": str(certificate.authority)}
        terminal = Terminal(tmp_path, environment)
        try:
            assert "ended with 0" in run(terminal, "acs-identity token issue --scope chat")
        finally:
            terminal.close()


@pytest.mark.parametrize(("answer", "left"), [("y", 0), ("n", 1), ("", 1)])
def test_deleting_is_asked_and_the_answer_counts(
    terminal: Terminal, emulator: Emulator, answer: str, left: int
) -> None:
    run(terminal, "USER_ID=$(acs-identity user create --query user_id -o tsv)")
    terminal.type("acs-identity user delete --user $USER_ID; echo deleted with $?")
    terminal.wait_for("Delete 1 user, with all access tokens? [y/N]")
    terminal.type(answer)
    terminal.wait_for("\ndeleted with 0" if answer == "y" else "Nothing was done.")
    assert len(emulator.identities()) == left


def test_a_key_that_is_typed_is_not_shown(terminal: Terminal, server: EmulatorServer) -> None:
    terminal.type(f"acs-identity user create --endpoint {server.endpoint} --key -")
    terminal.wait_for("Access key:")
    terminal.type(server.emulator.access_key)
    assert server.emulator.access_key not in terminal.wait_for("8:acs:")


@pytest.mark.parametrize("prompt", ["token inspect", "token get-for-teams-user --client a --aad-user b"])
def test_ctrl_c_at_a_prompt_ends_it(terminal: Terminal, prompt: str) -> None:
    terminal.type(f"acs-identity {prompt}; echo ended with $?")
    terminal.wait_for("oken:")
    terminal.press("C-c")
    assert "Traceback" not in terminal.wait_for("\nended with 130")


def test_ctrl_c_in_the_middle_of_many_shows_what_was_done(terminal: Terminal, emulator: Emulator) -> None:
    emulator.faults.add(FaultRule("delay", delay=0.4))
    terminal.type("acs-identity user create --count 400 -o jsonl > users.jsonl")
    terminal.wait_for("/400")
    terminal.press("C-c")
    screen = terminal.wait_for("Interrupted:")
    terminal.type("wc -l < users.jsonl")
    number = screen.split("Interrupted: ")[1].split()[0]
    terminal.wait_for(f"\n{number}\n")
    assert len(emulator.identities(1000)) == int(number)


def test_what_takes_long_shows_how_far_it_is(terminal: Terminal, emulator: Emulator) -> None:
    emulator.faults.add(FaultRule("delay", delay=1.0))
    terminal.type("acs-identity user create --count 64 -o tsv > /dev/null; echo ended with $?")
    terminal.wait_for("/64")
    assert "ended with 0" in terminal.wait_for("\nended with ")


def test_typos_get_a_suggestion(terminal: Terminal) -> None:
    assert "Did you mean 'token'" in run(terminal, "acs-identity tokn issue")


def test_tab_completes_once_it_is_installed(terminal: Terminal) -> None:
    run(terminal, "acs-identity completion install bash --yes && source ~/.bashrc")
    terminal.type("acs-identity tok", enter=False)
    terminal.press("Tab")
    terminal.wait_for("acs-identity token")
    terminal.type("iss", enter=False)
    terminal.press("Tab")
    terminal.wait_for("acs-identity token issue")
    terminal.type("--sc", enter=False)
    terminal.press("Tab")
    terminal.wait_for("acs-identity token issue --scope")


def test_a_narrow_window_cuts_nothing_off(server: EmulatorServer, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, {CONNECTION_STRING: server.connection_string}, columns=40)
    try:
        terminal.type("clear; acs-identity doctor")
        screen = terminal.wait_for("All is well.")
        assert "the service accepts it" in " ".join(screen.split())
        shown = run(terminal, "clear; acs-identity --help | cat")
        assert "assignment" in shown
    finally:
        terminal.close()


def test_colour_is_left_out_where_it_is_not_wanted(terminal: Terminal) -> None:
    terminal.type("NO_COLOR=1 acs-identity doctor > seen; acs-identity doctor -o json >> seen; grep -c $'\\033' seen")
    assert "\n0\n" in terminal.wait_for("\n0\n")
