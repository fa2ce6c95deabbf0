"""Endpoints with names. Their keys are in the system's keyring; the file of the profiles holds none, unless told so."""

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final, cast

import typer

from acs_identity.cli.exits import NO_CREDENTIAL, USAGE, CommandError
from acs_identity.cli.many import Yes
from acs_identity.cli.output import note
from acs_identity.cli.session import CONNECTION_STRING, Printing, Target, confirm, read_secret, with_printing

app: typer.Typer = typer.Typer(
    help="Endpoints with names, and keys in the system's keyring.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

_SERVICE: Final = "acs-identity"
_NO_KEYRING: Final = (
    "There is no keyring on this system to keep the key in. Keep the connection string in "
    f"{CONNECTION_STRING}, or add --plain-text-key to have the key in the file of the profiles, for you alone to read."
)

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
    from acs_identity._endpoint import normalize_endpoint, parse_connection_string

    profiles = _Profiles.load()
    try:
        if endpoint is None:
            url, key = parse_connection_string(read_secret("Connection string"))
        else:
            url, key = normalize_endpoint(endpoint), None
    except ValueError as error:
        raise CommandError(str(error), USAGE) from error
    profile: dict[str, Any] = {"endpoint": url}
    if key is not None and plain_text_key:
        profile["access_key"] = key
    elif key is not None:
        _keep(name, key)
        profile["keyring"] = True
    profiles.named[name] = profile
    if default or not profiles.default:
        profiles.default = name
    profiles.save()
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
    profiles = _Profiles.load()
    profiles.get(name)
    profiles.default = name
    profiles.save()
    note(f"{name} is used where nothing else is given.")


@app.command()
def remove(name: Name, yes: Yes = False) -> None:
    """Remove a profile, and its key from the keyring."""
    profiles = _Profiles.load()
    profile = profiles.get(name)
    confirm(f"Remove the profile {name}?", yes=yes)
    if profile.get("keyring"):
        _forget(name)
    del profiles.named[name]
    if profiles.default == name:
        profiles.default = ""
    profiles.save()
    note(f"{name} is removed.")


def load_profile(name: str) -> Target:
    """Return where a profile leads.

    Args:
        name: Its name.

    Raises:
        CommandError: There is none of this name, its key is not in the keyring, or the file is damaged.
    """
    profile = _Profiles.load().get(name)
    key = profile.get("access_key")
    if profile.get("keyring"):
        key = _kept(name)
    return Target(str(profile["endpoint"]), key, f"profile {name}")


def default_profile() -> Target | None:
    """Return where the default profile leads; None when there is none.

    Raises:
        CommandError: As for `load_profile`.
    """
    if not _path().exists():
        return None
    name = _Profiles.load().default
    return load_profile(name) if name else None


def _shown(profiles: "_Profiles", name: str) -> dict[str, Any]:
    profile = profiles.named[name]
    where = "keyring" if profile.get("keyring") else "file, as plain text" if "access_key" in profile else "none: Entra"
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
            content: Any = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls({}, "")
        except (OSError, ValueError) as error:
            raise CommandError(
                f"The profiles in {path} cannot be read: {error}. Mend or remove the file.", USAGE
            ) from error
        members = cast(dict[str, Any], content) if isinstance(content, dict) else {}
        named = members.get("profiles")
        if not isinstance(named, dict) or not all(_is_profile(each) for each in cast(dict[str, Any], named).values()):
            raise CommandError(f"The file {path} does not hold profiles. Mend or remove it.", USAGE)
        return cls(cast(dict[str, dict[str, Any]], named), str(members.get("default") or ""))

    def get(self, name: str) -> dict[str, Any]:
        if name not in self.named:
            from difflib import get_close_matches

            close = get_close_matches(name, self.named, 1)
            meant = f" Did you mean {close[0]}?" if close else " See: acs-identity profiles list"
            raise CommandError(f"There is no profile {name}.{meant}", USAGE)
        return self.named[name]

    def save(self) -> None:
        """Write the file anew, as a whole or not at all, for its owner alone."""
        path = _path()
        text = json.dumps({"default": self.default, "profiles": self.named}, indent=2)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes files that only their owner can read.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".profiles-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text + "\n")
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise


def _is_profile(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(cast(dict[str, Any], value).get("endpoint"), str)


def _path() -> Path:
    return Path(typer.get_app_dir(_SERVICE)) / "profiles.json"


def _keep(name: str, key: str) -> None:
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(_SERVICE, name, key)
    except (KeyringError, RuntimeError) as error:
        raise CommandError(_NO_KEYRING, NO_CREDENTIAL) from error


def _kept(name: str) -> str:
    import keyring
    from keyring.errors import KeyringError

    try:
        key = keyring.get_password(_SERVICE, name)
    except (KeyringError, RuntimeError) as error:
        raise CommandError(
            f"The key of profile {name} cannot be read: the keyring is locked or gone.", NO_CREDENTIAL
        ) from error
    if key is None:
        raise CommandError(f"The key of profile {name} is not in the keyring. Add the profile anew.", NO_CREDENTIAL)
    return key


def _forget(name: str) -> None:
    import keyring
    from keyring.errors import KeyringError

    with suppress(KeyringError, RuntimeError):
        keyring.delete_password(_SERVICE, name)
