"""The checks that can be switched off one by one."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal, get_args

Check = Literal["api-version", "content-hash", "content-type", "date", "entra", "host", "signature"]
"""A check of requests. Switched off, alone:

- ``api-version``: a version that is missing, or that the path does not have, counts as the newest that has the
  operation.
- ``content-hash``: the header x-ms-content-sha256 may be missing or another one than that of the body.
- ``content-type``: a body is read as JSON in UTF-8, whatever type it says it has.
- ``date``: the date of a signed request may be missing, malformed or far from the emulator's clock.
- ``entra``: a bearer token may be of any issuer and for any audience, expired or without a valid signature, as long as
  it is a JWT whose claims can be read.
- ``host``: the signature may be for another spelling of the host, or for the host that a proxy says the client called.
- ``signature``: a signature may be any, and a request without an Authorization header is taken as signed.
"""

CHECKS: tuple[Check, ...] = get_args(Check)


def loosened(names: Iterable[str]) -> frozenset[Check]:
    """Return the checks of the given names; ``all`` stands for all of them.

    Raises:
        ValueError: One of the names is no check.

    >>> sorted(loosened(["date", "host"]))
    ['date', 'host']
    >>> loosened(["dates"])
    Traceback (most recent call last):
    ...
    ValueError: There is no check 'dates', did you mean date? The checks are: all, api-version, ...
    """
    if isinstance(names, str):
        raise TypeError(f"The checks are given as a list, for example [{names!r}].")
    chosen: set[Check] = set()
    for name in names:
        if name != "all" and name not in CHECKS:
            near = get_close_matches(name.lower(), ("all", *CHECKS), n=1)
            hint = f", did you mean {near[0]}?" if near else "."
            raise ValueError(f"There is no check {name[:40]!r}{hint} The checks are: {', '.join(('all', *CHECKS))}.")
        chosen.update(check for check in CHECKS if name in ("all", check))
    return frozenset(chosen)
