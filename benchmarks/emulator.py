"""How fast the emulator is, compared with a bare Starlette route within one run: ``python -m benchmarks.emulator``."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .load import VERSION, Load
from .servers import pin

PAGE = Path(__file__).resolve().parent.parent / "docs" / "emulator-performance.md"
PACKAGES = ("starlette", "uvicorn", "uvloop", "httptools", "cryptography")
UNSIGNED, SIGNED, READY_SECONDS = 0.5, 0.6, 0.7
_A_YEAR = timedelta(days=365)
TENANT, PRINCIPAL = "7e4a7000-0000-4000-8000-000000000001", "0b1ec700-0000-4000-8000-000000000003"


@dataclass(frozen=True)
class Rate:
    """What was measured of one kind of request.

    Attributes:
        name: What is asked.
        baseline: What it is compared with.
        target: The least ratio that is aimed at.
        rates: The answers per second of each round.
        ratios: Those as parts of the baseline's of the same round.
    """

    name: str
    baseline: str
    target: float
    rates: list[float]
    ratios: list[float]


@dataclass(frozen=True)
class Soak:
    """The memory of one emulator that answers many requests.

    Attributes:
        requests: How many it answered.
        megabytes: The resident memory after each tenth of them.
        journal: How many requests the journal held at the end.
    """

    requests: int
    megabytes: list[float]
    journal: int


@contextmanager
def server(kind: str) -> Generator[Load]:
    """Run a server in a process and on a core of its own, with connections to it."""
    command = [sys.executable, "-m", "benchmarks.servers", kind, "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            with Load(int(process.stdout.readline()), process.pid) as load:
                yield load
        finally:
            assert process.stdin is not None
            process.stdin.close()


def measure_rates(rounds: int, seconds: float, show: Callable[[str], None]) -> list[Rate]:
    """Ask the bare routes and the emulator in turn, several rounds."""
    with server("bare") as bare, server("signing") as signing, server("emulator") as emulator:
        create = emulator.request("POST", "/identities")
        raw_id = json.loads(emulator.ask(create)[1])["identity"]["id"]
        assignment = f"/access/teamsExtension/tenants/{TENANT}/assignments/{PRINCIPAL}"
        emulator.ask(emulator.request("PUT", assignment, {"principalType": "user"}))
        unsigned = {
            "create an identity": create,
            "revoke its access tokens": emulator.request("POST", f"/identities/{raw_id}/:revokeAccessTokens"),
            "read an assignment": emulator.request("GET", assignment),
        }
        issue = emulator.request("POST", f"/identities/{raw_id}/:issueAccessToken", {"scopes": ["chat", "voip"]})
        rates: dict[str, list[float]] = {}
        for number in range(rounds):
            show(f"round {number + 1} of {rounds}")
            for load, name, request in [
                (bare, "bare", bare.request("POST", "/identities")),
                *((emulator, name, request) for name, request in unsigned.items()),
                (signing, "signing", signing.request("POST", "/identities")),
                (emulator, "issue an access token", issue),
            ]:
                load.rate(request, seconds / 5)
                rates.setdefault(name, []).append(load.rate(request, seconds))

    def compared(name: str, baseline: str, target: float) -> Rate:
        ratios = [ours / theirs for ours, theirs in zip(rates[name], rates[baseline], strict=True)]
        return Rate(name, baseline, target, rates[name], ratios)

    return [
        *(compared(name, "bare", UNSIGNED) for name in unsigned),
        compared("issue an access token", "signing", SIGNED),
    ]


def measure_start(rounds: int, show: Callable[[str], None]) -> tuple[list[float], list[float]]:
    """Return the seconds from the command to a ready answer, and those of a Python that does nothing."""
    ready: list[float] = []
    nothing: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "acs_identity.cli", "emulator", "start", "--port", "0"]
        environment = {**os.environ, "XDG_STATE_HOME": folder}
        # Set, it would have every start compile its sources.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        # The first one reads from the disk, and makes the certificate that the others take.
        for number in range(rounds + 1):
            show(f"start {number} of {rounds}")
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", "pass"], check=True)
            nothing.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            with subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            ) as process:
                assert process.stdout is not None
                endpoint = process.stdout.readline().split()[-1]
                with urllib.request.urlopen(f"{endpoint}/_emulator/health/ready", timeout=30) as answer:
                    assert answer.status == 200
                ready.append(time.perf_counter() - begin)
                process.terminate()
    return ready[1:], nothing[1:]


def soak(requests: int, show: Callable[[str], None]) -> Soak:
    """Have one emulator in this process answer many requests, and watch its memory."""
    from acs_identity_emulator import Emulator, Request

    emulator = Emulator()
    token = emulator.entra.issue_token(expires_in=_A_YEAR)
    headers = {"Host": "emulator.localhost", "Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(method: str, path: str, members: object = None) -> Any:
        body = b"" if members is None else json.dumps(members).encode()
        return _parsed(emulator.handle(Request(method, f"{path}?api-version={VERSION}", headers, body)).body)

    def introspect(token: str) -> str:
        return emulator.introspect(token).state

    megabytes = _watched(requests, ask, introspect, os.getpid(), show)
    return Soak(requests, megabytes, len(emulator.journal.entries()))


def soak_over_http(requests: int, show: Callable[[str], None]) -> Soak:
    """Have one emulator behind a server answer many requests, and watch the memory of its process."""
    with server("emulator") as load:

        def ask(method: str, path: str, members: object = None) -> Any:
            return _parsed(load.ask(load.request(method, path, members))[1])

        def introspect(token: str) -> str:
            return str(ask("POST", "/_emulator/introspect", {"token": token})["state"])

        megabytes = _watched(requests, ask, introspect, load.process, show)
        return Soak(requests, megabytes, len(ask("GET", "/_emulator/journal")["requests"]))


def _watched(
    requests: int,
    ask: Callable[..., Any],
    introspect: Callable[[str], str],
    process: int,
    show: Callable[[str], None],
) -> list[float]:
    """Seven kinds of requests in turn; return the memory of the process after each tenth of them.

    An identity is created, gets an access token that is looked into and revoked, and is deleted; two are refused.
    """
    megabytes: list[float] = []
    done, tenth = 0, max(7, requests // 10)
    while done < requests:
        path = f"/identities/{ask('POST', '/identities')['identity']['id'].replace(':', '%3A')}"
        token = ask("POST", f"{path}/:issueAccessToken", {"scopes": ["chat"]})["token"]
        ask("POST", f"{path}/:revokeAccessTokens")
        if introspect(token) != "revoked":
            raise RuntimeError("The access token was not revoked.")
        ask("DELETE", path)
        refused = [ask("DELETE", path)["error"]["code"], ask("POST", "/identities", [])["error"]["code"]]
        if refused != ["IdentityNotFound", "ValidationError"]:
            raise RuntimeError(f"The emulator refused with {refused}.")
        before, done = done, done + 7
        if done // tenth > before // tenth:
            megabytes.append(_resident_megabytes(process))
            show(f"{done:,} requests, {megabytes[-1]:.1f} MB")
    return megabytes


def _parsed(body: bytes) -> Any:
    # Errors come in chunks; what is looked at here comes in one.
    text = body[body.find(b"{") : body.rfind(b"}") + 1]
    return json.loads(text) if text else None


_PAGE = """# How fast the emulator is

Written by `make bench-emulator`; not to be edited. Bare times say more about the machine than about the emulator, so
each row is a ratio to something that was measured in turn with it, in the same run.

Measured with Python {python} on {cores} cores; {versions}. Server and load have a core each. *Bare* is a Starlette
route that answers a constant behind the same uvicorn; *signing* also makes one RS256 signature, as every access token
needs.

| over HTTP, signed with the access key | compared with | answers a second, median | ratio, median (spread) | at least |
|---|---|---|---|---|
{rows}

From `acs-identity emulator start` to a ready answer, HTTPS included: {ready} on a warm disk. At most {target} s are
aimed at; a Python that does nothing takes {nothing}.

One emulator that answers {requests:,} requests (identities are created, get access tokens, lose them and are deleted;
some requests are refused) holds this much memory after each tenth of them, in MB: {megabytes}. Its journal
holds {journal:,} requests then. The process of one that answers {http_requests:,} of them over HTTP holds
{http_megabytes}, and its journal {http_journal:,} requests.
"""


def page(rates: list[Rate], ready: list[float], nothing: list[float], soaked: Soak, over_http: Soak) -> str:
    """Return the document that shows what was measured."""
    return _PAGE.format(
        python=platform.python_version(),
        cores=os.cpu_count(),
        versions=", ".join(f"{name} {version(name)}" for name in PACKAGES),
        rows="\n".join(
            f"| {rate.name} | {rate.baseline} | {statistics.median(rate.rates):,.0f} | {_spread(rate.ratios)} "
            f"| {rate.target} |"
            for rate in rates
        ),
        ready=f"{_spread(ready)} s",
        target=READY_SECONDS,
        nothing=f"{_spread(nothing)} s",
        requests=soaked.requests,
        megabytes=", ".join(f"{value:.1f}" for value in soaked.megabytes),
        journal=soaked.journal,
        http_requests=over_http.requests,
        http_megabytes=", ".join(f"{value:.1f}" for value in over_http.megabytes),
        http_journal=over_http.journal,
    )


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the page, and write what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.emulator", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often each is measured (default: 7)")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each time (default: 1)")
    parser.add_argument("--requests", type=int, default=1_000_000, help="of the long run (default: 1,000,000)")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers")
    chosen = parser.parse_args(arguments)

    def show(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    ready, nothing = measure_start(chosen.rounds, show)
    # From here on this process is the load, and its servers are on the other core.
    pin(1)
    rates = measure_rates(chosen.rounds, chosen.seconds, show)
    soaked = soak(chosen.requests, show)
    over_http = soak_over_http(chosen.requests // 10, show)
    text = page(rates, ready, nothing, soaked, over_http)
    print(text)
    if chosen.write:
        PAGE.write_text(text, encoding="utf-8")
    if chosen.json:
        numbers = {
            "rates": [asdict(rate) for rate in rates],
            "ready": ready,
            "nothing": nothing,
            "soak": asdict(soaked),
            "soak_over_http": asdict(over_http),
        }
        chosen.json.write_text(json.dumps(numbers, indent=1), encoding="utf-8")


def _resident_megabytes(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


if __name__ == "__main__":
    main()
