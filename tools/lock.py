"""Rewrite constraints.txt: what the dev extra installs today, on every supported Python.

Takes the interpreters as arguments; they only resolve, nothing is installed.
"""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = '# Made by "make lock" from setup.py. Do not edit.\n'


def main(interpreters: list[str]) -> int:
    with ThreadPoolExecutor() as pool:
        resolved = dict(pool.map(resolve, interpreters))
    (ROOT / "constraints.txt").write_text(HEADER + "".join(f"{line}\n" for line in lines(resolved)))
    print(f"constraints.txt is rewritten for Python {', '.join(sorted(resolved))}")
    return 0


def resolve(interpreter: str) -> tuple[str, dict[str, str]]:
    """Return the interpreter's version and, by name, the version of everything the dev extra needs there."""
    pip = [interpreter, "-m", "pip", "install", "-qq", "--dry-run", "--ignore-installed", "--report", "-"]
    process = subprocess.run([*pip, f"{ROOT}[dev]"], stdout=subprocess.PIPE, text=True, check=True)
    report = json.loads(process.stdout)
    packages = {entry["metadata"]["name"].lower(): entry["metadata"]["version"] for entry in report["install"]}
    del packages["acs-identity"]
    return report["environment"]["python_version"], packages


def lines(resolved: dict[str, dict[str, str]]) -> list[str]:
    """Return one requirement a line; a marker says so where not every Python gets that version."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for python, packages in sorted(resolved.items()):
        for package in packages.items():
            wanted.setdefault(package, []).append(python)
    return [
        f"{name}=={version}"
        + ("" if len(pythons) == len(resolved) else " ; " + " or ".join(f"python_version == '{p}'" for p in pythons))
        for (name, version), pythons in sorted(wanted.items())
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
