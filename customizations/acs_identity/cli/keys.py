"""Keys of profiles in the system's keyring, which raises its own errors and those of whatever is below it."""

from typing import Final

from acs_identity.cli.exits import NO_CREDENTIAL, CommandError
from acs_identity.cli.output import note
from acs_identity.cli.session import CONNECTION_STRING

_SERVICE: Final = "acs-identity"
_NO_KEYRING: Final = (
    "There is no keyring on this system that keeps the key{}. Keep the connection string in "
    f"{CONNECTION_STRING}, or add --plain-text-key to have the key in the file of the profiles, for you alone to read."
)


def keep(name: str, key: str) -> None:
    """Put the key of a profile into the keyring.

    Args:
        name: The name of the profile.
        key: Its access key.

    Raises:
        CommandError: The keyring does not keep it.
    """
    import keyring

    try:
        keyring.set_password(_SERVICE, name, key)
        is_kept = keyring.get_password(_SERVICE, name) == key
    # A keyring raises whatever is below it raises: D-Bus, the system, a file.
    except Exception as error:
        raise CommandError(_NO_KEYRING.format(_why(error)), NO_CREDENTIAL) from error
    if not is_kept:
        raise CommandError(_NO_KEYRING.format(""), NO_CREDENTIAL)


def kept(name: str) -> str:
    """Return the key of a profile from the keyring.

    Args:
        name: The name of the profile.

    Raises:
        CommandError: The keyring does not give it, or does not have it.
    """
    import keyring

    try:
        key = keyring.get_password(_SERVICE, name)
    # As above.
    except Exception as error:
        raise CommandError(
            f"The key of profile {name} cannot be read: the keyring is locked or gone{_why(error)}.", NO_CREDENTIAL
        ) from error
    if key is None:
        raise CommandError(f"The key of profile {name} is not in the keyring. Add the profile anew.", NO_CREDENTIAL)
    return key


def forget(name: str) -> None:
    """Remove the key of a profile from the keyring, or say that it is still there.

    Args:
        name: The name of the profile.
    """
    import keyring

    try:
        if keyring.get_password(_SERVICE, name) is not None:
            keyring.delete_password(_SERVICE, name)
    except Exception as error:  # noqa: BLE001 - whatever it is, the profile goes
        note(f"The key of {name} is still in the keyring, as {name} of {_SERVICE}{_why(error)}.")


def _why(error: Exception) -> str:
    """Return the kind of an error of the keyring; its text is not ours to show."""
    return f" ({type(error).__name__})"
