"""Endpoints with names. Their keys are in the system's keyring; the file of the profiles holds none, unless told so."""

import json
import os
import re
import shlex
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Final, cast

import typer

from acs_identity.cli import keys
from acs_identity.cli.exits import NOT_WRITTEN, USAGE, CommandError
from acs_identity.cli.many import Yes
from acs_identity.cli.output import note
from acs_identity.cli.session import Printing, Target, confirm, read_secret, target_of, with_printing

app: typer.Typer = typer.Typer(
    help="Endpoints with names, and keys in the system's keyring.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

_SERVICE: Final = "acs-identity"
_VERSION: Final = 1
_NAME: Final = re.compile(r"\w[\w.-]{0,63}")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the profile.")]


@app.callback()
def _profiles() -> None: ...


@app.command()
@with_printing
def add(
    printing: Printing,
    name: Name,
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", metavar="URL", help="Of a resource that is asked with a sign-in to Entra: no key."),
    ] = None,
    default: Annotated[bool, typer.Option("--default", help="Use it where nothing else is given.")] = False,
    plain_text_key: Annotated[
        bool, typer.Option("--plain-text-key", help="Keep the key in the file, where there is no keyring.")
    ] = False,
) -> None:
    """Add a profile, or replace it.

    The connection string is read from stdin, or asked for without echo.
    """
    from acs_identity._endpoint import parse_connection_string
    from acs_identity._signing import decode_access_key

    if not _NAME.fullmatch(name):
        raise CommandError(
            "A profile's name has at most 64 letters, digits, underscores, dots and hyphens, no dot or hyphen first.",
            USAGE,
        )
    if endpoint is not None and plain_text_key:
        raise CommandError("--endpoint has no key: leave out --plain-text-key, or give a connection string.", USAGE)
    # A damaged file is found before anybody is asked.
    _Profiles.load()
    if endpoint is not None:
        url, key = target_of(endpoint, None, "--endpoint").endpoint, None
    else:
        url, key = parse_connection_string(read_secret("Connection string"))
        decode_access_key(key)
    profile: dict[str, Any] = {"endpoint": url}
    with _changing() as profiles:
        if key is not None and plain_text_key:
            profile["access_key"] = key
        elif key is not None:
            keys.keep(name, key)
            profile["keyring"] = True
        before = profiles.named.get(name, {})
        profiles.named[name] = profile
        if default or not profiles.default:
            profiles.default = name
    if "keyring" in before and "keyring" not in profile:
        keys.forget(name)
    printing.print(_shown(profiles, name))


@app.command("list")
@with_printing
def list_(printing: Printing) -> None:
    """List the profiles."""
    profiles = _Profiles.load()
    printing.print([_shown(profiles, name) for name in sorted(profiles.named)])


@app.command()
@with_printing
def show(printing: Printing, name: Name) -> None:
    """Show a profile, without its key."""
    profiles = _Profiles.load()
    profiles.get(name)
    printing.print(_shown(profiles, name))


@app.command()
def use(name: Name) -> None:
    """Use a profile where nothing else is given."""
    with _changing() as profiles:
        profiles.get(name)
        profiles.default = name
    note(f"{name} is used where nothing else is given.")


@app.command()
def remove(name: Name, yes: Yes = False) -> None:
    """Remove a profile, and its key from the keyring."""
    _Profiles.load().get(name)
    confirm(f"Remove the profile {name}?", yes=yes)
    with _changing() as profiles:
        profile = profiles.get(name)
        del profiles.named[name]
        if profiles.default == name:
            profiles.default = ""
    if "keyring" in profile:
        keys.forget(name)
    note(f"{name} is removed.")


def load_profile(name: str) -> Target:
    """Return where a profile leads.

    Args:
        name: Its name.

    Raises:
        CommandError: There is none of this name, its key is not in the keyring, or the file is damaged.
    """
    profile = _Profiles.load().get(name)
    key = keys.kept(name) if "keyring" in profile else profile.get("access_key")
    if "access_key" in profile and os.name == "posix" and _path().stat().st_mode & 0o077:
        note(f"Others can read the keys in {_path()}. Run: chmod 600 {shlex.quote(str(_path()))}")
    return target_of(profile["endpoint"], key, f"profile {name}")


def default_name() -> str:
    """Return the name of the default profile; empty when there is none.

    Raises:
        CommandError: The file of the profiles is damaged.
    """
    return _Profiles.load().default


def _shown(profiles: "_Profiles", name: str) -> dict[str, Any]:
    profile = profiles.named[name]
    where = "keyring" if "keyring" in profile else "file, as plain text" if "access_key" in profile else "none: Entra"
    return {"name": name, "endpoint": profile["endpoint"], "key": where, "default": name == profiles.default}


class _Profiles:
    """What is in the file of the profiles."""

    def __init__(self, named: dict[str, dict[str, Any]], default: str) -> None:
        self.named = named
        self.default = default

    @classmethod
    def load(cls) -> "_Profiles":
        path = _path()
        try:
            # With the mark that some editors put first.
            content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
        except (FileNotFoundError, NotADirectoryError):
            return cls({}, "")
        except (OSError, ValueError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise CommandError(f"The profiles in {path} cannot be read: {reason}. Mend or remove it.", USAGE) from error
        members = cast(dict[str, Any], content) if isinstance(content, dict) else {}
        if members.get("version", _VERSION) != _VERSION:
            raise CommandError(f"The profiles in {path} are of another version of acs-identity. Upgrade it.", USAGE)
        named, default = members.get("profiles"), members.get("default", "")
        if not isinstance(named, dict) or not isinstance(default, str):
            raise CommandError(f"The file {path} does not hold profiles. Mend or remove it.", USAGE)
        for name, profile in cast(dict[str, Any], named).items():
            if not _is_profile(profile):
                raise CommandError(f"The profile {name} in {path} is damaged. Mend or remove it.", USAGE)
        return cls(cast(dict[str, dict[str, Any]], named), default)

    def get(self, name: str) -> dict[str, Any]:
        if name not in self.named:
            from difflib import get_close_matches

            close = get_close_matches(name, self.named, 1)
            meant = f" Did you mean {close[0]}?" if close else " See: acs-identity profiles list"
            raise CommandError(f"There is no profile {name or '(empty)'}.{meant}", USAGE)
        return self.named[name]

    def save(self) -> None:
        """Write the file anew, as a whole or not at all, for its owner alone."""
        path = _path()
        text = json.dumps({"version": _VERSION, "default": self.default, "profiles": self.named}, indent=2)
        # mkstemp makes files that only their owner can read.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".profiles-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text + "\n")
            Path(name).replace(path)
        except BaseException as error:
            with suppress(OSError):
                Path(name).unlink()
            if isinstance(error, OSError):
                raise CommandError(f"{path} could not be written: {error.strerror}", NOT_WRITTEN) from error
            raise


def _is_profile(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    members = cast(dict[str, Any], value)
    return (
        isinstance(members.get("endpoint"), str)
        and isinstance(members.get("access_key", ""), str)
        and members.get("keyring", True) is True
    )


@contextmanager
def _changing() -> Generator[_Profiles]:
    """Give the profiles to one process at a time, and keep what it makes of them unless it fails."""
    folder = _path().parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The system unlocks it when the process ends, however it does.
    with (folder / "profiles.lock").open("a") as file:
        _lock(file.fileno())
        profiles = _Profiles.load()
        yield profiles
        profiles.save()


def _lock(descriptor: int) -> None:
    # Not every file system has locks; there the last of two wins.
    with suppress(OSError):
        try:
            import fcntl
        except ImportError:
            import msvcrt

            # It has this on Windows only, where the other has nothing to ignore.
            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def _path() -> Path:
    return Path(typer.get_app_dir(_SERVICE)) / "profiles.json"
