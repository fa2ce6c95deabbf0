"""Say what a change does to users and what it leaves undone: contracts, public API, coverage, generated code.

The exit code is 0 when all is well, 1 when there are findings, and 2 when the guard could not run.
"""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from . import parts
from .git import GitError
from .report import Part, as_data, show

ROOT = Path(__file__).resolve().parents[2]
WIDTH_OF_A_LOG = 120


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.guard", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--base", default="HEAD", metavar="REV", help="compare the contracts with this commit; HEAD by default"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report for machines to this file as well")
    parser.add_argument(
        "--all", action="store_true", help="list the changes of every version, not only of those touched"
    )
    options = parser.parse_args(arguments)
    try:
        report = run(root, options.base, in_full=options.all)
        if options.json:
            options.json.write_text(json.dumps(as_data(report), indent=2) + "\n", encoding="utf-8")
    except (GitError, OSError, LookupError, ValueError) as error:
        print(f"guard: could not run: {error}", file=sys.stderr)
        return 2
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_OF_A_LOG)
    show(report, console)
    return 1 if any(part.findings for part in report) else 0


def run(root: Path, base: str, *, in_full: bool = False) -> list[Part]:
    """Make the report on a checkout, its contracts compared with those of a commit."""
    return [
        parts.contract_part(root),
        parts.predecessor_part(root, base, in_full=in_full),
        parts.commit_part(root, base),
        parts.api_part(root),
        parts.friendly_part(root),
        parts.coverage_part(root),
        parts.stamp_part(root),
    ]


if __name__ == "__main__":
    sys.exit(main())
