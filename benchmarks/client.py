"""What a call costs, compared with the official client and with what is below: ``python -m benchmarks.client``."""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .contestants import CONTESTANTS
from .servers import pin

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
PACKAGES = ("azure-core", "azure-communication-identity", "msrest", "urllib3", "requests", "aiohttp")
OFFICIAL, BARE, FLIGHT, IMPORT, IMPORT_MILLISECONDS, SIGNING = 0.40, 2.0, 1.2, 0.5, 60, 2.0

SYNC = ("ours", "official", "ours over azure-core's transport", "urllib3", "socket")
ASYNC = ("ours, async", "official, async", "ours over azure-core's transport, async", "aiohttp")


@dataclass(frozen=True)
class Case:
    """What is asked, how, and by whom.

    Attributes:
        name: What the page calls it.
        operation: The friendly method.
        contestants: Who asks; ours first, then the official client.
        floor: The contestant that does the least there is to do; empty without one.
        calls: How many calls a round has.
        mode: ``threads`` or ``flight`` with how many run at once; empty for one after the other.
        scheme: http or https.
    """

    name: str
    operation: str
    contestants: tuple[str, ...]
    floor: str
    calls: int
    mode: dict[str, int] = field(default_factory=dict[str, int])
    scheme: str = "http"


CASES = (
    Case("create_user_and_token", "create_user_and_token", SYNC, "urllib3", 300),
    Case("get_token", "get_token", SYNC, "urllib3", 300),
    Case("revoke_tokens", "revoke_tokens", SYNC, "urllib3", 300),
    Case("get_token, 16 threads", "get_token", SYNC[:-1], "urllib3", 480, {"threads": 16}),
    Case("get_token, https", "get_token", SYNC[:-1], "urllib3", 300, scheme="https"),
    Case("get_token, async, 1 in flight", "get_token", ASYNC, "aiohttp", 300, {"flight": 1}),
    Case("create_user_and_token, async, 64 in flight", "create_user_and_token", ASYNC, "aiohttp", 640, {"flight": 64}),
    Case("get_token, async, 64 in flight", "get_token", ASYNC, "aiohttp", 640, {"flight": 64}),
    Case("revoke_tokens, async, 64 in flight", "revoke_tokens", ASYNC, "aiohttp", 640, {"flight": 64}),
    Case("get_token, async, 1,000 in flight", "get_token", ASYNC, "aiohttp", 2000, {"flight": 1000}),
    Case("get_token, async, 64 in flight, https", "get_token", ASYNC, "aiohttp", 640, {"flight": 64}, "https"),
    Case(
        "create_user_and_token, the emulator in the process",
        "create_user_and_token",
        ("ours, emulated", "official, emulated"),
        "",
        100,
    ),
)
# Each contestant does what the one before it does, and something more.
LAYERS = (
    Case(
        "the sync client, one call after the other",
        "get_token",
        ("socket", "urllib3", "our transport", "our pipeline", "our operation", "ours"),
        "urllib3",
        300,
    ),
    Case(
        "the async client, 64 in flight",
        "get_token",
        ("aiohttp", "our transport, async", "our pipeline, async", "our operation, async", "ours, async"),
        "aiohttp",
        640,
        {"flight": 64},
    ),
)

STATEMENTS = {
    "a Python that does nothing": ("pass", "pass"),
    "`import` of the package": ("import acs_identity", "import azure.communication.identity"),
    "`import` of the client": (
        "from acs_identity import CommunicationIdentityClient",
        "from azure.communication.identity import CommunicationIdentityClient",
    ),
    "`import` of the async client": (
        "from acs_identity.aio import CommunicationIdentityClient",
        "from azure.communication.identity.aio import CommunicationIdentityClient",
    ),
    "a client, and its first call": (
        """
from acs_identity import CommunicationIdentityClient as Client
Client("http://127.0.0.1:{port}", "a2V5").get_token("8:acs:a_b", ["chat"])""",
        """
from azure.communication.identity import CommunicationIdentityClient as Client, CommunicationUserIdentifier as User
from azure.core.credentials import AzureKeyCredential as Key
Client("http://127.0.0.1:{port}", Key("a2V5")).get_token(User("8:acs:a_b"), ["chat"])""",
    ),
}


@dataclass(frozen=True)
class Cost:
    """What a call cost a contestant in each round, in microseconds."""

    cpu: list[float]
    wall: list[float]


@dataclass
class Start:
    """What a statement cost a new process in each round, in milliseconds, and how many modules it loaded."""

    cpu: list[float] = field(default_factory=list[float])
    wall: list[float] = field(default_factory=list[float])
    modules: int = 0


@dataclass(frozen=True)
class Results:
    """All that one run measured.

    Attributes:
        costs: By case and contestant.
        layers: By case and contestant.
        starts: By statement, ours and the official client's.
        memory: Bytes of a client, and of 1,000 calls in flight, by contestant.
        signing: Microseconds of signing a request, and of the bare hashes, in each round.
    """

    costs: dict[str, dict[str, Cost]]
    layers: dict[str, dict[str, Cost]]
    starts: dict[str, tuple[Start, Start]]
    memory: dict[str, dict[str, float]]
    signing: tuple[list[float], list[float]]


@contextmanager
def canned_server() -> Generator[tuple[int, int, str]]:
    """Run the server of canned answers in a process and on a core of its own; give its ports and its authority."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.canned", "0", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                http, https, ca = process.stdout.readline().split(maxsplit=2)
                yield int(http), int(https), ca.strip()
            finally:
                process.stdin.close()


@contextmanager
def contestant(name: str, http: int, https: int, ca: str) -> Generator[Callable[[dict[str, Any]], dict[str, float]]]:
    """Run a contestant in a process of its own, on the core that the server does not have; give what asks it."""
    command = [sys.executable, "-m", "benchmarks.contestants", name, "1", str(http), str(https)]
    environment = {**os.environ, "SSL_CERT_FILE": ca, "REQUESTS_CA_BUNDLE": ca}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def ask(case: dict[str, Any]) -> dict[str, float]:
            assert process.stdin is not None
            assert process.stdout is not None
            print(json.dumps(case), file=process.stdin, flush=True)
            answer = process.stdout.readline()
            if not answer:
                raise RuntimeError(f"{name} failed at {case}.")
            return dict(json.loads(answer))

        try:
            yield ask
        finally:
            assert process.stdin is not None
            process.stdin.close()


def measure(rounds: int, share: float, show: Callable[[str], None]) -> Results:
    """Measure everything, each case with its contestants in turn.

    Args:
        rounds: How often.
        share: What part of the calls of a case each round makes.
        show: Shows how far it is.
    """
    costs: dict[str, dict[str, Cost]] = {case.name: {} for case in (*CASES, *LAYERS)}
    with canned_server() as (http, https, ca), ExitStack() as stack:
        ask = {name: stack.enter_context(contestant(name, http, https, ca)) for name in CONTESTANTS}
        for number in range(rounds):
            for case in (*CASES, *LAYERS):
                show(f"round {number + 1} of {rounds}: {case.name}")
                for name in case.contestants:
                    calls = max(2, int(case.calls * share))
                    order = {"operation": case.operation, "scheme": case.scheme, "calls": calls, **case.mode}
                    spent = ask[name](order)
                    cost = costs[case.name].setdefault(name, Cost([], []))
                    cost.cpu.append(spent["cpu"])
                    cost.wall.append(spent["wall"])
        show("memory")
        memory = {
            name: ask[name](
                {
                    "memory": True,
                    "operation": "get_token",
                    "scheme": "http",
                    "calls": max(2, int(100 * share)),
                    "flight": 1000 if "async" in name else 0,
                }
            )
            for name in ("ours", "official", "ours, async", "official, async")
        }
        starts = measure_starts(rounds, http, show)
    layers = {case.name: costs.pop(case.name) for case in LAYERS}
    return Results(costs, layers, starts, memory, measure_signing(rounds, share, show))


def measure_starts(rounds: int, port: int, show: Callable[[str], None]) -> dict[str, tuple[Start, Start]]:
    """Run statements in new processes, ours and the official client's in turn."""
    starts: dict[str, tuple[Start, Start]] = {}
    for name, statements in STATEMENTS.items():
        pair = Start(), Start()
        # The first one reads from the disk.
        for number in range(rounds + 1):
            show(f"{name}, {number} of {rounds}")
            for start, statement in zip(pair, statements, strict=True):
                code = statement.format(port=port) + "\nimport sys\nprint(len(sys.modules))"
                before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
                done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
                wall = (time.perf_counter() - begin) * 1000
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000
                start.modules = int(done.stdout)
                if number:
                    start.cpu.append(cpu)
                    start.wall.append(wall)
        starts[name] = pair
    return starts


def measure_signing(rounds: int, share: float, show: Callable[[str], None]) -> tuple[list[float], list[float]]:
    """Sign a request as the client does, and make the bare hashes of the same bytes, in turn."""
    import base64
    import hashlib
    import hmac

    from acs_identity._signing import sign

    from .contestants import PATHS

    show("signing")
    key, body, now = b"k" * 32, b'{"scopes": ["chat", "voip"]}', datetime.now(UTC)
    target = f"{PATHS['get_token']}?api-version=2026-09-23"
    url = f"https://contoso.communication.azure.com{target}"
    text = f"POST\n{target}\n{now:%a, %d %b %Y %H:%M:%S} GMT;contoso.communication.azure.com;{'x' * 44}"

    def bare() -> None:
        base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
        base64.b64encode(hmac.digest(key, text.encode("utf-8"), "sha256")).decode("ascii")

    def ours() -> None:
        sign("POST", url, body, key, now)

    calls = max(1000, int(20_000 * share))
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for index, call in enumerate((ours, bare)):
            begin = time.process_time()
            for _ in range(calls):
                call()
            spent[index].append((time.process_time() - begin) / calls * 1e6)
    return spent


_LAYER_NAMES = {"ours": "our friendly method", "ours, async": "our friendly method, async"}

_PAGE = """# What a call costs

Written by `make bench`; not to be edited. Bare times say more about the machine than about a client, so each row is a
ratio to something that was measured in turn with it, in the same run.

Measured on {date} with Python {python} on {cores} cores; {versions}. A server in a process and on a core of its own
gives canned answers over loopback; each contestant has a process of its own on the other core, and they take turns
in {rounds} rounds. *urllib3* and *aiohttp* are these libraries with requests signed by hand, *socket* is a socket with
bytes made by hand: the least there is to do. Medians are followed by the smallest and the largest value.

## What is aimed at

| | measured | at most | |
|---|---|---|---|
{targets}

## Processor time of a call

| | ours, µs | of the official client's | of ours over azure-core's transport | of urllib3's or aiohttp's |
|---|---|---|---|---|
{cpu}

## Time of a call

Several at once share it: this is the time of the whole divided by the number of calls.

| | ours, µs | of the official client's | of urllib3's or aiohttp's |
|---|---|---|---|
{wall}

## What it is made of

Each line does what the one above does, and something more. It is `get_token`, by processor time.

{layers}

*Our transport* sends azure-core's requests, signed by hand. The pipeline signs, and does what azure-core promises:
retries, hooks, spans and logs. The operation is the generated one, which writes and reads what the contract has. A
signature costs {signing} µs more than its hashes.

## Starting

Processor time of a new process, and the modules that it holds then. Nothing is loaded before it is asked for.

| | ours, ms | official, ms | ratio | modules, ours | modules, official |
|---|---|---|---|---|---|
{starts}

## Memory

| | a client, kB | 1,000 calls in flight, kB |
|---|---|---|
{memory}
"""


def page(results: Results, rounds: int) -> str:
    """Return the document that shows what was measured."""
    costs = results.costs

    def cpu(case: Case, other: str) -> str:
        ours = costs[case.name][case.contestants[0]].cpu
        return _ratio(ours, costs[case.name][other].cpu) if other in costs[case.name] else ""

    def wall(case: Case, other: str) -> str:
        ours = costs[case.name][case.contestants[0]].wall
        return _ratio(ours, costs[case.name][other].wall) if other in costs[case.name] else ""

    def own(case: Case, kind: str) -> str:
        return f"{statistics.median(getattr(costs[case.name][case.contestants[0]], kind)):,.0f}"

    signing = [ours - bare for ours, bare in zip(*results.signing, strict=True)]
    return _PAGE.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        python=platform.python_version(),
        cores=os.cpu_count(),
        versions=", ".join(f"{name} {version(name)}" for name in PACKAGES),
        rounds=rounds,
        targets="\n".join(
            f"| {name} | {_spread(ratios)} | {limit} | {'met' if statistics.median(ratios) <= limit else 'missed'} |"
            for name, ratios, limit in targets(results)
        ),
        cpu="\n".join(
            f"| {case.name} | {own(case, 'cpu')} | {cpu(case, case.contestants[1])} "
            f"| {cpu(case, case.contestants[2]) if len(case.contestants) > 2 else ''} | {cpu(case, case.floor)} |"
            for case in CASES
        ),
        wall="\n".join(
            f"| {case.name} | {own(case, 'wall')} | {wall(case, case.contestants[1])} | {wall(case, case.floor)} |"
            for case in CASES
        ),
        layers="\n\n".join(_layers(case, results.layers[case.name]) for case in LAYERS),
        signing=f"{statistics.median(signing):.1f}",
        starts="\n".join(
            f"| {name} | {statistics.median(ours.cpu):,.0f} | {statistics.median(theirs.cpu):,.0f} "
            f"| {_ratio(ours.cpu, theirs.cpu)} | {ours.modules:,} | {theirs.modules:,} |"
            for name, (ours, theirs) in results.starts.items()
        ),
        memory="\n".join(
            f"| {name} | {_kilobytes(spent['client'])} | {_kilobytes(spent['flight'])} |"
            for name, spent in results.memory.items()
        ),
    )


def _layers(case: Case, costs: dict[str, Cost]) -> str:
    lines = [f"| {case.name} | of {case.floor}'s | more than above |", "|---|---|---|"]
    before = 0.0
    for name in case.contestants:
        ratios = _ratios(costs[name].cpu, costs[case.floor].cpu)
        value = statistics.median(ratios)
        lines.append(f"| {_LAYER_NAMES.get(name, name)} | {_spread(ratios)} | {value - before:+.2f} |")
        before = value
    return "\n".join(lines)


def targets(results: Results) -> list[tuple[str, list[float], float]]:
    """Return what is aimed at: a name, the values of the rounds, and the most that they should be."""

    def cpu(name: str) -> dict[str, Cost]:
        return results.costs[name]

    sync, flight = cpu("get_token"), cpu("get_token, async, 64 in flight")
    thousand = cpu("get_token, async, 1,000 in flight")
    nothing = results.starts["a Python that does nothing"][0].cpu
    imports = results.starts["`import` of the package"]
    ours = [with_it - without for with_it, without in zip(imports[0].cpu, nothing, strict=True)]
    theirs = [with_it - without for with_it, without in zip(imports[1].cpu, nothing, strict=True)]
    return [
        ("sync, of the official client's processor time", _ratios(sync["ours"].cpu, sync["official"].cpu), OFFICIAL),
        (
            "async with 64 in flight, of the official client's",
            _ratios(flight["ours, async"].cpu, flight["official, async"].cpu),
            OFFICIAL,
        ),
        ("sync, of urllib3's", _ratios(sync["ours"].cpu, sync["urllib3"].cpu), BARE),
        ("async with 64 in flight, of aiohttp's", _ratios(flight["ours, async"].cpu, flight["aiohttp"].cpu), BARE),
        ("1,000 in flight, of 64", _ratios(thousand["ours, async"].cpu, flight["ours, async"].cpu), FLIGHT),
        ("`import acs_identity`, in ms of processor time", ours, IMPORT_MILLISECONDS),
        ("the same, of the official package's", _ratios(ours, theirs), IMPORT),
        ("signing, of the bare hashes", _ratios(*results.signing), SIGNING),
    ]


def _kilobytes(size: float) -> str:
    return f"{size / 1000:,.0f}" if size else ""


def _ratios(ours: list[float], theirs: list[float]) -> list[float]:
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def _ratio(ours: list[float], theirs: list[float]) -> str:
    return _spread(_ratios(ours, theirs))


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the page, and write what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.client", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each is measured (default: 9)")
    parser.add_argument("--quick", action="store_true", help="two rounds of a tenth of the calls")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers")
    chosen = parser.parse_args(arguments)
    rounds, share = (2, 0.1) if chosen.quick else (chosen.rounds, 1.0)

    def show(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    # New processes are started from here, on the core that the server does not have.
    pin(1)
    results = measure(rounds, share, show)
    text = page(results, rounds)
    print(text)
    if chosen.write:
        PAGE.write_text(text, encoding="utf-8")
    if chosen.json:
        chosen.json.write_text(json.dumps(asdict(results), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
