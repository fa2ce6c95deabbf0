"""Take the picture of the terminal that the README shows: commands that run for real, against an emulator."""

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

from acs_identity_emulator import Emulator, EmulatorServer

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "pictures" / "terminal.svg"
COLUMNS = 110
# What somebody types: the connection string is in the environment, and the key of the doctor's is an old one.
COMMANDS = (
    "acs-identity token issue --scope chat voip --expires-in 2h",
    "acs-identity doctor --endpoint $ENDPOINT --key b2xkIGtleQ==",
    "acs-identity token issue --scope chta",
)


def main() -> int:
    with EmulatorServer(Emulator()) as server:
        environment = {
            **os.environ,
            "AZURE_COMMUNICATION_CONNECTION_STRING": server.connection_string,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "ENDPOINT": server.endpoint,
            "TERM": "xterm-256color",
        }
        scene = "".join(f"\x1b[1;32m$\x1b[0m {command}\n{run(command, environment)}\n" for command in COMMANDS)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(scene.rstrip()))
    # The font is the reader's own: a picture that asks another site for one tells it who reads.
    svg = console.export_svg(title="acs-identity").split("@font-face")
    PICTURE.write_text("".join([svg[0], *(part.partition("}")[2] for part in svg[1:])]), encoding="utf-8")
    print(f"{PICTURE.relative_to(Path.cwd())} is taken anew")
    return 0


def run(command: str, environment: dict[str, str]) -> str:
    """Run a command in a terminal of its own, and return all it shows there."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    with subprocess.Popen(
        ["/bin/sh", "-c", command], stdin=its, stdout=its, stderr=its, env=environment, start_new_session=True
    ) as process:
        os.close(its)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                # Linux says so when the other end is closed.
                break
            if not part:
                break
            shown += part
        process.wait(60)
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


if __name__ == "__main__":
    sys.exit(main())
