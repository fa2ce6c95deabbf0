"""Write the sync client from the async one, or prove with --check that they are equal.

The async file is the one to edit. What is async in it, in code and in docstrings alike, is replaced by the rules below.
"""

import argparse
import difflib
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "customizations" / "acs_identity"
PAIRS = {
    "aio/_bulk.py": "_bulk.py",
    "aio/_client.py": "_client.py",
    "aio/_entra_exchange.py": "_entra_exchange.py",
    "aio/_token_credential.py": "_token_credential.py",
    "aio/_token_provider.py": "_token_provider.py",
}

RULES = [
    (r"asyncio\.run\((.*)\)", r"\1"),
    (r"(?m)^ *>>> import asyncio\n", ""),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
    (r"\bcredentials_async\b", "credentials"),
    (r"\bAsync(HttpResponse|ItemPaged|TokenCredential)\b", r"\1"),
    (r"\basync_paging\b", "paging"),
    (r"\bis_async=True\b", "is_async=False"),
    (r'load\(package, "aio"\)', "load(package)"),
    (r"\b(acs_identity|azure\.identity|acs_identity_rest\.v\w+)\.aio\b", r"\1"),
    (r"\ban async\b", "a sync"),
    (r"\bThe async client\b", "The sync client"),
    (r"\bin async code\b", "in sync code"),
]
RUFF = [sys.executable, "-m", "ruff"]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; show what would change and exit with 1")
    check = parser.parse_args(arguments).check
    stale = False
    for source, target in PAIRS.items():
        wanted = to_sync((ROOT / source).read_text(encoding="utf-8"), ROOT / target)
        present = (ROOT / target).read_text(encoding="utf-8") if (ROOT / target).exists() else ""
        if wanted == present:
            continue
        stale = True
        if check:
            sys.stdout.writelines(
                difflib.unified_diff(
                    present.splitlines(keepends=True),
                    wanted.splitlines(keepends=True),
                    f"{target} (as it is)",
                    f"{target} (as {source} gives it)",
                )
            )
        else:
            (ROOT / target).write_text(wanted, encoding="utf-8")
            print(f"{target} is rewritten from {source}")
    if not stale:
        print("the sync client equals the async one")
    elif check:
        print("\nThe sync client differs from the async one. Edit the async one and run: make format", file=sys.stderr)
        return 1
    return 0


def to_sync(text: str, target: Path) -> str:
    """Return the sync spelling of an async module, formatted as the file it is for."""
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    for command in (["check", "--select=I", "--fix"], ["format"]):
        text = subprocess.run(
            [*RUFF, *command, "--quiet", f"--stdin-filename={target}", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return text


if __name__ == "__main__":
    sys.exit(main())
