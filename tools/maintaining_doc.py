"""Run the worked example of docs/maintaining.md in a copy of the checkout and write down what its commands print.

Every block marked as console is run, from the first to the last. With --check nothing is written; the exit code is 1
when a command prints something else than the document shows. Needs Node and the packages that `npm ci` installs.
"""

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = "docs/maintaining.md"
BLOCK = re.compile(r"^```console\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
# Another commit of this repository gives other hashes; they say nothing about the example.
HASH = re.compile(r"\b[0-9a-f]{7,40}\b")


@dataclass(frozen=True)
class Step:
    """A command of the document, what the document shows and what the command printed now."""

    command: str
    shown: str
    printed: str


class ExampleError(Exception):
    """The worked example cannot be run."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; show what the commands print now")
    check = parser.parse_args().check
    document = ROOT / DOCUMENT
    text = document.read_text(encoding="utf-8")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            steps = perform(text, copy_checkout(ROOT, Path(scratch) / "checkout"))
    except ExampleError as error:
        print(f"maintaining_doc: {error}", file=sys.stderr)
        return 2
    if check:
        found = differences(steps)
        sys.stdout.writelines(found)
        print(f"{DOCUMENT} is {'out of date. Run: python tools/maintaining_doc.py' if found else 'up to date'}")
        return 1 if found else 0
    document.write_text(rewritten(text, steps), encoding="utf-8")
    print(f"{DOCUMENT} is rewritten")
    return 0


def copy_checkout(root: Path, target: Path) -> Path:
    """Copy what git knows or would add, as a repository of its own with one commit and the generator beside it."""
    if not (root / "node_modules").exists():
        raise ExampleError("the generator is not installed. Run: npm ci")
    listed = run_git(
        root, "ls-files", "--cached", "--others", "--exclude-standard", "--exclude=node_modules", "-z"
    ).split("\0")
    for name in filter(None, listed):
        if (root / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)
    # Excluded here because .gitignore ignores a folder of that name, and this is a link.
    (target / "node_modules").symlink_to(root / "node_modules")
    run_git(target, "init", "--quiet", "--initial-branch=main")
    (target / ".git" / "info").mkdir(exist_ok=True)
    (target / ".git" / "info" / "exclude").write_text("node_modules\n")
    for name, value in (("user.name", "Maintainer"), ("user.email", "maintainer@example.org"), ("gc.auto", "0")):
        run_git(target, "config", name, value)
    run_git(target, "add", "--all")
    run_git(target, "commit", "--quiet", "--message", "The checkout as it is")
    return target


def run_git(folder: Path, *arguments: str) -> str:
    process = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
    if process.returncode != 0:
        raise ExampleError(f"git {' '.join(arguments)}: {process.stderr.strip()}")
    return process.stdout


def perform(text: str, checkout: Path) -> list[Step]:
    """Run every command of the document in a checkout, in their order."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "COV_", "COVERAGE"))},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "GIT_PAGER": "cat",
        "NO_COLOR": "1",
    }
    steps: list[Step] = []
    for command, shown in commands(text):
        process = subprocess.run(
            ["bash", "-c", command],
            cwd=checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        lines = (line.rstrip() for line in process.stdout.splitlines())
        steps.append(Step(command, shown, "".join(f"{line}\n" for line in lines)))
    return steps


def commands(text: str) -> list[tuple[str, str]]:
    """Return the commands of a document, each with the output shown below it."""
    found: list[tuple[str, str]] = []
    for block in BLOCK.finditer(text):
        _, *parts = re.split(r"^\$ ", block["content"], flags=re.MULTILINE)
        found += [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]
    return found


def rewritten(text: str, steps: list[Step]) -> str:
    """Return the document with what the commands printed; hashes alone are no reason to change it."""
    left = iter(steps)

    def block(match: re.Match[str]) -> str:
        count = len(re.findall(r"^\$ ", match["content"], re.MULTILINE))
        content = ""
        for _ in range(count):
            step = next(left)
            same = stable(step.shown) == stable(step.printed)
            content += f"$ {step.command}\n{step.shown if same else step.printed}"
        return f"```console\n{content}```"

    return BLOCK.sub(block, text)


def differences(steps: list[Step]) -> list[str]:
    """Return, as lines of a diff, where a command prints something else than the document shows."""
    return [
        line
        for step in steps
        for line in difflib.unified_diff(
            stable(step.shown).splitlines(keepends=True),
            stable(step.printed).splitlines(keepends=True),
            f"{step.command} (in the document)",
            f"{step.command} (now)",
        )
    ]


def stable(output: str) -> str:
    return HASH.sub("<hash>", output)


if __name__ == "__main__":
    sys.exit(main())
