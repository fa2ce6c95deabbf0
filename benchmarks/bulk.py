"""How much of the service's limits bulk calls use, and what one process could do: ``python -m benchmarks.bulk``."""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .canned import USER
from .client import canned_server
from .contestants import KEY
from .servers import pin

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scaling.md"
BEGIN, END = "<!-- written by make bench-bulk -->", "<!-- end of what make bench-bulk writes -->"
REACHED, REFUSED = 0.95, 0.01
WINDOW = 30.0
LIMIT = 1000


@dataclass(frozen=True)
class Limited:
    """A run under the limit of the service.

    Attributes:
        processes: How many processes share the limit.
        requests: How many requests were answered well.
        refused: How many were answered 429.
        seconds: From the first to the last.
        reached: The rate as a part of the rate that is allowed.
    """

    processes: int
    requests: int
    refused: int
    seconds: float
    reached: float


def work(endpoint: str, key: str, user: str, count: int, share: float, *, is_limited: bool, is_async: bool) -> Any:
    """Issue access tokens in bulk in this process; return when it began and ended, and what was answered."""
    import asyncio

    from acs_identity import CommunicationIdentityClient, RateBudget
    from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient

    statuses: dict[int, int] = {}

    def count_status(response: Any) -> None:
        status = response.http_response.status_code
        statuses[status] = statuses.get(status, 0) + 1

    budget = RateBudget(share=share) if is_limited else RateBudget({})
    users = (user for _ in range(count))

    async def with_tasks() -> tuple[float, int]:
        async with AsyncCommunicationIdentityClient(endpoint, key, raw_response_hook=count_status) as client:
            await client.revoke_tokens(user)
            begin = time.time()
            return begin, len((await client.bulk.get_tokens(users, ["chat"], budget=budget)).succeeded)

    def with_threads() -> tuple[float, int]:
        with CommunicationIdentityClient(endpoint, key, raw_response_hook=count_status) as client:
            client.revoke_tokens(user)
            begin = time.time()
            return begin, len(client.bulk.get_tokens(users, ["chat"], budget=budget).succeeded)

    begin, succeeded = asyncio.run(with_tasks()) if is_async else with_threads()
    return {"begin": begin, "end": time.time(), "succeeded": succeeded, "refused": statuses.get(429, 0)}


def limited(processes: int, windows: int) -> Limited:
    """Let processes use up the limit of issuing access tokens for some windows, and one request more."""
    with limited_emulator() as (endpoint, key):
        from acs_identity import CommunicationIdentityClient

        with CommunicationIdentityClient(endpoint, key) as client:
            user = client.create_user().raw_id
        each = LIMIT // processes * windows + 1
        with ExitStack() as stack:
            started = [
                stack.enter_context(worker(endpoint, key, user, each, 1 / processes, "--limited"))
                for _ in range(processes)
            ]
            done = [json.loads(process.communicate()[0]) for process in started]
    seconds = max(each["end"] for each in done) - min(each["begin"] for each in done)
    requests = sum(each["succeeded"] for each in done)
    # What goes beyond whole windows tells when the last of them was over.
    reached = (requests - processes) / seconds / (LIMIT / WINDOW)
    return Limited(processes, requests, sum(each["refused"] for each in done), seconds, reached)


def unlimited(count: int, *options: str) -> float:
    """Return how many requests a second one process makes where nothing holds it back."""
    with canned_server() as (http, _, _), worker(f"http://127.0.0.1:{http}", KEY, USER, count, 1, *options) as process:
        done = json.loads(process.communicate()[0])
    return float(done["succeeded"] / (done["end"] - done["begin"]))


@contextmanager
def worker(*arguments: object) -> Generator[subprocess.Popen[str]]:
    """Run `work` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bulk", "--work", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process


@contextmanager
def limited_emulator() -> Generator[tuple[str, str]]:
    """Run an emulator with the documented limits in a process and on a core of its own; give endpoint and key."""
    command = [sys.executable, "-m", "benchmarks.servers", "limited", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY

        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", DEVELOPMENT_ACCESS_KEY
        finally:
            process.stdin.close()


_BLOCK = """
Measured with Python {python} on {cores} cores, an emulator with the documented limits in a process of its own.
{limit:,} access tokens may be issued in {window:.0f} seconds; at least {target} of that rate is aimed at, with at most
{refusals} of the requests refused.

| processes | share of each | answers | seconds | of the rate that is allowed | refused with 429 | |
|---|---|---|---|---|---|---|
{rows}

Where nothing holds it back, one process on one core issues {threads:,.0f} access tokens a second with threads and
{tasks:,.0f} with tasks, {threads_ratio:.0f} and {tasks_ratio:.0f} times the {allowed:.0f} a second that is allowed.
"""


def block(runs: list[Limited], threads: float, tasks: float) -> str:
    """Return what the page shows of the results."""
    allowed = LIMIT / WINDOW

    def row(run: Limited) -> str:
        refused = run.refused / (run.requests + run.refused)
        met = run.reached >= REACHED and refused <= REFUSED
        return (
            f"| {run.processes} | {1 / run.processes:g} | {run.requests:,} | {run.seconds:.1f} | {run.reached:.3f} "
            f"| {refused:.4f} | {'met' if met else 'missed'} |"
        )

    return _BLOCK.format(
        python=platform.python_version(),
        cores=os.cpu_count(),
        limit=LIMIT,
        window=WINDOW,
        target=REACHED,
        refusals=REFUSED,
        rows="\n".join(map(row, runs)),
        threads=threads,
        tasks=tasks,
        threads_ratio=threads / allowed,
        tasks_ratio=tasks / allowed,
        allowed=allowed,
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the block, and write what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bulk", description=__doc__)
    parser.add_argument("--windows", type=int, default=3, help="of 30 seconds under the limits (default: 3)")
    parser.add_argument("--quick", action="store_true", help="without the runs under the limits, which take long")
    parser.add_argument("--write", action="store_true", help=f"write the block of docs/{PAGE.name}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers")
    parser.add_argument("--work", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("--limited", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--async", dest="is_async", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    pin(1)
    if chosen.work:
        endpoint, key, user, count, share = chosen.work
        options = {"is_limited": chosen.limited, "is_async": chosen.is_async}
        print(json.dumps(work(endpoint, key, user, int(count), float(share), **options)))
        return

    def show(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    show("without limits")
    calls = 100 if chosen.quick else 5000
    threads, tasks = unlimited(calls), unlimited(calls, "--async")
    runs: list[Limited] = []
    for processes in () if chosen.quick else (1, 2, 4):
        show(f"{processes} under the limits, {chosen.windows * WINDOW:.0f} s")
        runs.append(limited(processes, chosen.windows))
    text = block(runs, threads, tasks)
    print(text)
    if chosen.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    if chosen.json:
        numbers = {"limited": [asdict(run) for run in runs], "threads": threads, "tasks": tasks}
        chosen.json.write_text(json.dumps(numbers, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
