"""What git knows about the checkout."""

import io
import subprocess
import tarfile
from pathlib import Path


class GitError(Exception):
    """Git cannot answer; the text says what was asked."""


def git(root: Path, *arguments: str) -> bytes:
    """Return what a git command prints.

    Raises:
        GitError: It failed, or there is no git.
    """
    try:
        process = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise GitError("git is not on the PATH") from error
    if process.returncode != 0:
        raise GitError(f"git {' '.join(arguments)}: {process.stderr.decode(errors='replace').strip()}")
    return process.stdout


def export(root: Path, revision: str, folder: str, into: Path) -> Path:
    """Write a folder as it is in a revision below another one; return where it is, empty if the revision has none."""
    place = into / folder
    if git(root, "ls-tree", "--name-only", f"{revision}^{{commit}}", "--", folder):
        archive = git(root, "archive", "--format=tar", revision, "--", folder)
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(into, filter="data")
    else:
        place.mkdir(parents=True)
    return place


def short_name(root: Path, revision: str) -> str:
    return git(root, "rev-parse", "--short", f"{revision}^{{commit}}").decode().strip()


def last_release(root: Path) -> str | None:
    """Return the newest release tag that the checkout contains."""
    if not git(root, "tag", "--list", "v*", "--merged", "HEAD"):
        return None
    return git(root, "describe", "--tags", "--abbrev=0", "--match", "v*").decode().strip()


def changed_files(root: Path, base: str, folder: str) -> list[str]:
    """Return the files below a folder that differ from a commit, those git does not know included."""
    listed = git(root, "diff", "--name-only", "--no-renames", base, "--", folder) + untracked(root, folder)
    return listed.decode().splitlines()


def untracked(root: Path, folder: str) -> bytes:
    return git(root, "ls-files", "--others", "--exclude-standard", "--", folder)


def changed_lines(root: Path, folder: str) -> dict[str, int]:
    """Return, by file, how many lines below a folder differ from the last commit; unknown files count whole."""
    changed: dict[str, int] = {}
    for line in git(root, "diff", "--numstat", "--no-renames", "HEAD", "--", folder).decode().splitlines():
        added, removed, name = line.split("\t")
        changed[name] = sum(int(count) for count in (added, removed) if count.isdigit())
    for name in untracked(root, folder).decode().splitlines():
        changed[name] = len((root / name).read_bytes().splitlines())
    return changed
