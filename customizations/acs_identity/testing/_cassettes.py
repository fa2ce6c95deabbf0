"""Reads and writes cassettes for vcrpy: scrubbed, searched for secrets, labelled, and as fresh as when recorded."""

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit

from acs_identity._endpoint import parse_connection_string

from ._fakes import EPOCH, FAKE_HOST
from ._leaks import Leak, find_leaks
from ._matching import is_for_acs
from ._scrubbing import Interaction, Secret, scrub
from ._time_shift import shift
from ._vcr_config import Options

LABEL: Final = "recording"
"""The member of a cassette that says what it was recorded from and when; vcrpy passes over it."""

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_KEYS_IN_THE_ENVIRONMENT = ("AZURE_COMMUNICATION_KEY", "AZURE_CLIENT_SECRET")


class Serializer(Protocol):
    """What vcrpy turns a cassette into text with."""

    def serialize(self, cassette_dict: Any) -> str: ...
    def deserialize(self, cassette_string: str) -> Any: ...


class Persister(Protocol):
    """What vcrpy keeps cassettes with."""

    def load_cassette(self, cassette_path: str, serializer: Any) -> Any: ...
    def save_cassette(self, cassette_path: str, cassette_dict: Any, serializer: Any) -> None: ...


class LeakError(Exception):
    """A recording has a secret in it; where, is in ``leaks``."""

    def __init__(self, leaks: list[Leak]) -> None:
        super().__init__(
            "The recording had a secret in it and was not kept:"
            + "".join(f"\n  line {leak.line}, column {leak.column}: {leak.kind} ({leak.spelling})" for leak in leaks)
            + "\nName the text that has it in vcr_config(secrets=[...]), or take it out in before_record_response."
        )
        self.leaks = leaks


class Cassettes:
    """Keeps the cassettes of one test where pytest-recording would; what has a secret in it is not kept.

    Args:
        files: What reads and writes the files.
        options: What was asked for.
        recorded_from: The name of the target that is recorded from; by default, what the hosts tell.

    Attributes:
        leak: Why the last recording was not kept.
    """

    def __init__(self, files: Persister, options: Options, recorded_from: str = "") -> None:
        self._files = files
        self._options = options
        self._recorded_from = recorded_from
        self._shift = timedelta(0)
        self._label: dict[str, str] = {}
        self.leak: LeakError | None = None

    def __deepcopy__(self, memo: object) -> "Cassettes":
        return self

    def load_cassette(self, cassette_path: str, serializer: Serializer) -> Any:
        """Read a cassette, with the times in its answers moved to now."""
        if self._options.shift_time:
            self._shift = timedelta(seconds=round((datetime.now(UTC) - EPOCH).total_seconds()))
        return self._files.load_cassette(cassette_path, _Reading(serializer, self._shift, self._label))

    def save_cassette(self, cassette_path: str, cassette_dict: Mapping[str, Any], serializer: Serializer) -> None:
        """Write a cassette, unless it would have a secret in it; a file that is there already goes then."""
        try:
            self._files.save_cassette(cassette_path, cassette_dict, self.writing(serializer))
        except LeakError as error:
            Path(cassette_path).unlink(missing_ok=True)
            self.leak = error

    def writing(self, serializer: Serializer) -> "_Writing":
        """Return what turns a recording into text that may be written."""
        return _Writing(serializer, self._options, self._shift, self._recorded_from, self._label)


class _Reading:
    def __init__(self, serializer: Serializer, by: timedelta, label: dict[str, str]) -> None:
        self._serializer = serializer
        self._by = by
        self._label = label

    def deserialize(self, cassette_string: str) -> Any:
        data = self._serializer.deserialize(cassette_string)
        if not isinstance(data, dict):
            return cast("object", data)
        document = cast("dict[str, Any]", data)
        self._label.update(document.get(LABEL) or {})
        return {**document, "interactions": [shifted(each, self._by) for each in document["interactions"]]}


class _Writing:
    def __init__(
        self, serializer: Serializer, options: Options, by: timedelta, recorded_from: str, label: dict[str, str]
    ) -> None:
        self._serializer = serializer
        self._options = options
        self._by = by
        self._recorded_from = recorded_from
        self._label = label

    def serialize(self, cassette_dict: dict[str, Any]) -> str:
        # What was read from the cassette goes back to when it was recorded.
        interactions = [shifted(each, -self._by) for each in cassette_dict["interactions"]]
        own = [*self._options.secrets, *_secrets_of_the_environment(os.environ)]
        scrubbed = scrub(interactions, own)
        label = {
            "from": self._recorded_from or _recorded_from(interactions, self._label.get("from")),
            "date": datetime.now(UTC).date().isoformat(),
            "by": f"acs-identity {version('acs-identity')}",
        }
        text = self._serializer.serialize({**cassette_dict, "interactions": scrubbed.interactions, LABEL: label})
        secrets = {*scrubbed.secrets, *(Secret("secret of the test suite or its environment", each) for each in own)}
        leaks = find_leaks(text, secrets)
        if leaks:
            raise LeakError(leaks)
        return text


def shifted(interaction: Interaction, by: timedelta) -> Interaction:
    """Return an interaction of a recording with its times moved; one that is being recorded stays as it is."""
    uri: str = interaction["request"]["uri"]
    return shift(interaction, by) if by and urlsplit(uri).netloc == FAKE_HOST else interaction


def _recorded_from(interactions: Iterable[Interaction], earlier: str | None) -> str:
    """Return what was recorded from, as far as the hosts tell: what is on this machine is no Azure."""
    sources = set(earlier.split(", ")) if earlier else set[str]()
    for interaction in interactions:
        uri: str = interaction["request"]["uri"]
        if is_for_acs(uri) and urlsplit(uri).netloc != FAKE_HOST:
            sources.add("emulator" if urlsplit(uri).hostname in _LOOPBACK else "live")
    return ", ".join(sorted(sources))


def _secrets_of_the_environment(environment: Mapping[str, str]) -> list[str]:
    found = [environment.get(name, "") for name in _KEYS_IN_THE_ENVIRONMENT]
    text = environment.get("AZURE_COMMUNICATION_CONNECTION_STRING", "")
    try:
        endpoint, key = parse_connection_string(text)
    except ValueError:
        found.append(text)
    else:
        host = urlsplit(endpoint).hostname or ""
        found += [key, *([] if host in _LOOPBACK else [host, host.partition(".")[0]])]
    return [each for each in found if len(each) >= 6]
