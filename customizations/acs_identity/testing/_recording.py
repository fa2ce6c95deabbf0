"""What is recorded or played back in one test, and what must hold of it at the end."""

import warnings
from collections import Counter
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import pytest

from ._cassettes import Cassettes, LeakError, Persister
from ._vcr_config import Options

# vcrpy has no types.
_serialize: Any = import_module("vcr.serialize").serialize
_yaml: Any = import_module("vcr.serializers.yamlserializer")


class UnusedRecordingWarning(UserWarning):
    """A test passed without asking for all that is recorded for it."""


class Recording:
    """The recording or playback of one test.

    Args:
        files: What reads and writes the cassettes.
        options: What was asked for.
        recorded_from: What is recorded from, if that is known.
    """

    def __init__(self, files: Persister, options: Options, recorded_from: str) -> None:
        self.cassettes = Cassettes(files, options, recorded_from)
        self._options = options
        self._has_failed = False

    def check(self, cassette: Any) -> None:
        """Fail the test when recorded requests are unused, or when what it recorded has a secret in it."""
        if cassette is None:
            return
        if cassette.dirty:
            self._check_text(cassette)
        elif cassette.write_protected:
            self._check_used(cassette)

    def check_saved(self) -> None:
        """Fail the test when its recording was not kept, unless it has failed for that already."""
        if self.cassettes.leak is not None and not self._has_failed:
            pytest.fail(str(self.cassettes.leak), pytrace=False)

    def _check_text(self, cassette: Any) -> None:
        interactions = {"requests": cassette.requests, "responses": cassette.responses}
        try:
            _serialize(interactions, self.cassettes.writing(_yaml))
        except LeakError as error:
            self._has_failed = True
            pytest.fail(str(error), pytrace=False)

    def _check_used(self, cassette: Any) -> None:
        requests = [each for index, each in enumerate(cassette.requests) if cassette.play_counts[index] == 0]
        if not requests:
            return
        unused = Counter(f"{each.method} {urlsplit(str(each.uri)).path}" for each in requests)
        text = (
            f"{len(requests)} of {len(cassette)} recorded requests were not made:"
            + "".join(
                f"\n  {request}" + (f" ({count} times)" if count > 1 else "") for request, count in unused.items()
            )
            + "\nRecord the test again, with --record-mode=rewrite, or allow it with vcr_config(unused='warn')."
        )
        if self._options.unused == "warn":
            warnings.warn(text, UnusedRecordingWarning, stacklevel=1)
        else:
            pytest.fail(text, pytrace=False)
