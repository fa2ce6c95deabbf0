"""The names of operations, as the journal, faults and rate limits have them."""

from .operations import HANDLERS

OPERATIONS: tuple[str, ...] = tuple(dict.fromkeys(handler.__name__ for handler in HANDLERS.values()))
"""The names of all operations, for example ``issue_access_token``."""


def check_operation(name: object) -> None:
    """Make sure that there is an operation of this name.

    Raises:
        ValueError: There is none; the text suggests another one or lists all.

    >>> check_operation("create_identities")
    Traceback (most recent call last):
        ...
    ValueError: There is no operation 'create_identities': did you mean create_identity?
    """
    if name not in OPERATIONS:
        from difflib import get_close_matches

        near = get_close_matches(str(name), OPERATIONS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(OPERATIONS)}."
        raise ValueError(f"There is no operation {shown(name)}: {hint}")


def shown(value: object) -> str:
    """Return a value as errors show it: in ASCII, on one line, and not all of a long one.

    >>> shown("issue_token" * 1000)
    "'issue_tokenissue_tokenissue_tokenis..."
    """
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
