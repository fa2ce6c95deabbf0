"""How long the command takes to start: ``python -m benchmarks.command``."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "command-performance.md"
HELP, COMMAND = 250.0, 400.0
# From a Python that does nothing up to a command that asks the service.
COMMANDS = {
    "a Python that does nothing": ("", 0.0),
    "`acs-identity --version`": ("--version", HELP),
    "`acs-identity --help`": ("--help", HELP),
    "`acs-identity token issue --help`": ("token issue --help", HELP),
    "`acs-identity token issue --scope chat`": ("token issue --scope chat", COMMAND),
    "`acs-identity user create`": ("user create", COMMAND),
    "`acs-identity doctor`": ("doctor", COMMAND),
}
_PAGE = """# How long the command takes

Written by `make bench-command`; not to be edited. The wheel is installed with `[cli,emulator]` in an environment of
its own. Each command is started {rounds} times, in turn with the others, beside an emulator in another process; the
time that it takes for the answer is taken off. Medians are followed by the smallest and the largest value.

Measured on {date} with Python {python} on {cores} cores; typer {typer}, azure-core {azure}.

| | ms | of a Python that does nothing | at most, ms | |
|---|---|---|---|---|
{rows}
"""


@dataclass(frozen=True)
class Spent:
    """What a command took in each round, in milliseconds."""

    wall: list[float]


def install(folder: Path) -> Path:
    """Install the wheel in build/dist as a user would, in an environment in this folder, and return its programs."""
    wheels = list((ROOT / "build" / "dist").glob("*.whl"))
    if len(wheels) != 1:
        raise SystemExit("There is not one wheel in build/dist. Run: make wheel")
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    pip = [str(programs / "python"), "-m", "pip", "install", "-qq", "-c", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, f"{wheels[0]}[cli,emulator]"], check=True)
    return programs


def versions(programs: Path, *distributions: str) -> list[str]:
    """Return the versions of what is installed there."""
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    return subprocess.run(
        [programs / "python", "-c", code, *distributions], check=True, capture_output=True, text=True
    ).stdout.split()


def measure(programs: Path, rounds: int) -> dict[str, Spent]:
    """Start each command so many times, in turn, against an emulator in another process."""
    program = programs / "acs-identity"
    with subprocess.Popen(
        [program, "emulator", "start", "--port", "0", "--no-https"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as emulator:
        assert emulator.stdout is not None
        try:
            endpoint = emulator.stdout.readline().rpartition(" ")[2].strip()
            connection_string = emulator.stdout.readline().partition(": ")[2].strip()
            environment = {**os.environ, "AZURE_COMMUNICATION_CONNECTION_STRING": connection_string}
            # Compiled once, as on every machine where it is installed.
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            network = answer_time(endpoint, rounds)
            spent: dict[str, list[float]] = {name: [] for name in COMMANDS}
            # The first round reads from the disk.
            for number in range(rounds + 1):
                for name, (words, limit) in COMMANDS.items():
                    command = [str(program), *words.split()] if words else [str(programs / "python"), "-c", "pass"]
                    begin = time.perf_counter()
                    subprocess.run(command, env=environment, check=True, capture_output=True)
                    if number:
                        taken = (time.perf_counter() - begin) * 1000
                        spent[name].append(taken - (network if limit == COMMAND else 0))
        finally:
            emulator.terminate()
    return {name: Spent(wall) for name, wall in spent.items()}


def answer_time(endpoint: str, rounds: int) -> float:
    """Return how many milliseconds the emulator takes to issue a token to a client that is there already."""
    from acs_identity import CommunicationIdentityClient
    from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY

    taken: list[float] = []
    with CommunicationIdentityClient(endpoint, DEVELOPMENT_ACCESS_KEY) as client:
        for _ in range(rounds):
            begin = time.perf_counter()
            client.create_user_and_token(["chat"])
            taken.append((time.perf_counter() - begin) * 1000)
    return statistics.median(taken)


def page(results: dict[str, Spent], rounds: int, typer: str, azure: str) -> str:
    """Return the document that shows what was measured."""
    nothing = results["a Python that does nothing"].wall
    rows: list[str] = []
    for name, (_, limit) in COMMANDS.items():
        wall = results[name].wall
        ratios = [mine / none for mine, none in zip(wall, nothing, strict=True)]
        judged = "" if not limit else "met" if statistics.median(wall) <= limit else "missed"
        most = f"{limit:.0f}" if limit else ""
        rows.append(f"| {name} | {_spread(wall, 0)} | {_spread(ratios, 1)} | {most} | {judged} |")
    return _PAGE.format(
        rounds=rounds,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        python=platform.python_version(),
        cores=os.cpu_count(),
        typer=typer,
        azure=azure,
        rows="\n".join(rows),
    )


def _spread(values: list[float], digits: int) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> int:
    """Measure, and print the page or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two rounds")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    arguments = parser.parse_args()
    rounds = 2 if arguments.quick else 15
    with tempfile.TemporaryDirectory() as folder:
        programs = install(Path(folder))
        results = measure(programs, rounds)
        typer, azure = versions(programs, "typer", "azure-core")
    shown = page(results, rounds, typer, azure)
    if arguments.json:
        arguments.json.write_text(json.dumps({name: asdict(spent) for name, spent in results.items()}), "utf-8")
    if arguments.write:
        PAGE.write_text(shown, encoding="utf-8")
    print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
