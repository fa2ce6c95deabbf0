"""What pytest-recording is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from ._matching import MATCHERS

OPTIONS_KEY: Final = "acs_identity"
"""The member of the configuration that vcrpy passes over and the pytest plugin looks for."""


@dataclass(frozen=True, repr=False)
class Options:
    """What was asked for of a recording; has no repr, because of the secrets."""

    secrets: tuple[str, ...]
    unused: Literal["fail", "warn"]
    shift_time: bool


def vcr_config(
    *,
    secrets: Iterable[str] = (),
    unused: Literal["fail", "warn"] = "fail",
    shift_time: bool = True,
    **vcr_options: Any,
) -> dict[str, Any]:
    """Return what the ``vcr_config`` fixture of a test suite returns, so that its recordings are safe and strict.

    What is written is scrubbed by its structure: keys, signatures, tokens, identity ids and the like become fakes that
    stay the same wherever they appear. What is about to be written is then searched for every secret that passed
    through; a recording with one fails its test and is not kept. Playback compares method, path, query and the JSON
    body by its meaning, and a test fails when it leaves recorded requests unused.

    Args:
        secrets: Further texts that must not get into a recording, for example a password of the application under test;
            each has 6 characters or more.
        unused: Whether a test that passes, but does not ask for all that is recorded for it, fails or gets a warning.
        shift_time: Whether tokens and their ``expiresOn`` are played back as fresh as on the day of the recording. When
            not, they are of 1 January 2001, as it is written.
        vcr_options: Further options of vcrpy, such as ``record_mode``, which go before those set here.

    Returns:
        The options of vcrpy; pytest-recording passes them on.

    Raises:
        ValueError: A secret is shorter than 6 characters, or ``unused`` is none of the two.

    >>> sorted(vcr_config(unused="warn"))
    ['acs_identity', 'decode_compressed_response', 'match_on']
    """
    texts = (secrets,) if isinstance(secrets, str) else tuple(secrets)
    if any(len(text) < 6 for text in texts):
        raise ValueError("A secret has fewer than 6 characters, so it would be found in texts that have nothing of it.")
    if unused not in ("fail", "warn"):
        raise ValueError(f"unused is {unused!r}; it can be 'fail' or 'warn'.")
    return {
        "match_on": ["method", *(f"acs_{name}" for name in MATCHERS)],
        "decode_compressed_response": True,
        OPTIONS_KEY: Options(texts, unused, shift_time),
        **vcr_options,
    }
