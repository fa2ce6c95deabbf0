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

_SHOWN = 10
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
            + "".join(
                f"\n  line {leak.line}, column {leak.column}: {leak.kind} ({leak.spelling})" for leak in leaks[:_SHOWN]
            )
            + (f"\n  and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else "")
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
        own_interactions: How many interactions the test's own cassette has; others may come from cassettes that tests
            share.
    """

    def __init__(self, files: Persister, options: Options, recorded_from: str = "") -> None:
        self._files = files
        self._options = options
        self._recorded_from = recorded_from
        self._shift = timedelta(0)
        self._label: dict[str, str] = {}
        self._sizes: list[int] = []
        self.leak: LeakError | None = None
        self.own_interactions = 0

    def load_cassette(self, cassette_path: str, serializer: Serializer) -> Any:
        """Read a cassette, with the times in its answers moved to now."""
        if self._options.shift_time:
            # In whole seconds, and never to a moment that is still to come.
            self._shift = timedelta(seconds=(datetime.now(UTC) - EPOCH) // timedelta(seconds=1))
        loaded = self._files.load_cassette(cassette_path, SafeSerializer(self, serializer))
        # The first file that is read is the test's own, if there is one.
        self.own_interactions = self._sizes[0] if Path(cassette_path).is_file() else 0
        return loaded

    def save_cassette(self, cassette_path: str, cassette_dict: Mapping[str, Any], serializer: Serializer) -> None:
        """Write a cassette, unless it would have a secret in it; a file that is there already goes then."""
        try:
            self._files.save_cassette(cassette_path, cassette_dict, SafeSerializer(self, serializer))
        except LeakError as error:
            Path(cassette_path).unlink(missing_ok=True)
            self.leak = error

    def read(self, data: Any) -> Any:
        """Return the data of a cassette as it is played back."""
        if not isinstance(data, dict):
            return data
        document = cast("dict[str, Any]", data)
        interactions = [shifted(each, self._shift) for each in document["interactions"]]
        self._sizes.append(len(interactions))
        self._label.update(document.get(LABEL) or {})
        return {**document, "interactions": interactions}

    def written(self, data: Mapping[str, Any], serializer: Serializer) -> str:
        """Return the text of a cassette as it may be written.

        Raises:
            LeakError: It would have a secret in it.
        """
        # What was read from the cassette goes back to when it was recorded.
        interactions = [shifted(each, -self._shift) for each in data["interactions"]]
        own = [*self._options.secrets, *_secrets_of_the_environment(os.environ)]
        scrubbed = scrub(interactions, own)
        label = {
            "from": self._recorded_from or _recorded_from(interactions, self._label.get("from")),
            "date": datetime.now(UTC).date().isoformat(),
            "by": f"acs-identity {version('acs-identity')}",
        }
        text = serializer.serialize({**data, "interactions": scrubbed.interactions, LABEL: label})
        secrets = {*scrubbed.secrets, *(Secret("secret of the test suite or its environment", each) for each in own)}
        leaks = find_leaks(text, secrets)
        if leaks:
            raise LeakError(leaks)
        return text


class SafeSerializer:
    """What vcrpy reads and writes with: another serializer, with what is said above in between.

    Args:
        cassettes: What reads and writes.
        serializer: How a cassette is spelled in its file, for example in YAML.
    """

    def __init__(self, cassettes: Cassettes, serializer: Serializer) -> None:
        self._cassettes = cassettes
        self._serializer = serializer

    def deserialize(self, cassette_string: str) -> Any:
        """Return what is played back."""
        return self._cassettes.read(self._serializer.deserialize(cassette_string))

    def serialize(self, cassette_dict: Mapping[str, Any]) -> str:
        """Return what may be written."""
        return self._cassettes.written(cassette_dict, self._serializer)


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
