"""What is recorded or played back in one test, and what must hold of it at the end."""

import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import pytest

from ._cassettes import Cassettes, LeakError, SafeSerializer
from ._matching import MATCHERS, Matching
from ._vcr_config import Options

# vcrpy has no types.
_serialize: Any = import_module("vcr.serialize").serialize
_yaml: Any = import_module("vcr.serializers.yamlserializer")


class UnusedRecordingWarning(UserWarning):
    """A test passed without asking for all that is recorded for it."""


class Recording:
    """The recording or playback of one test.

    Args:
        vcr: The configuration of vcrpy for this test, which is made to ask this object.
        options: What was asked for.
        recorded_from: What is recorded from, if that is known.
    """

    def __init__(self, vcr: Any, options: Options, recorded_from: str) -> None:
        self.cassettes = Cassettes(vcr.persister, options, recorded_from)
        self._options = options
        self._has_failed = False
        self._matching = Matching()
        for name in MATCHERS:
            vcr.register_matcher(f"acs_{name}", getattr(self._matching, name))
        vcr.register_persister(self.cassettes)
        vcr.after_load_interaction = self._loaded

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

    def _loaded(self, request: Any, response: Any, cassette: Any) -> tuple[Any, Any]:
        if "play_response" not in vars(cassette):
            # vcrpy has no hook for what is played.
            cassette.play_response = partial(self._play, cassette, cassette.play_response)
        return request, response

    def _play(self, cassette: Any, play: Callable[[Any], Any], request: Any) -> Any:
        before = dict(cassette.play_counts)
        response = play(request)
        played = next(index for index, count in cassette.play_counts.items() if count != before.get(index, 0))
        self._matching.learn(request, cassette.requests[played])
        content = response["body"].get("string") or b""
        text = content.decode("utf-8", "surrogateescape") if isinstance(content, bytes) else content
        restored = self._matching.restore(text)
        if restored == text:
            return response
        body = restored.encode("utf-8", "surrogateescape")
        headers = {
            name: [str(len(body))] if name.lower() == "content-length" else values
            for name, values in response["headers"].items()
        }
        return {**response, "headers": headers, "body": {"string": body}}

    def _check_text(self, cassette: Any) -> None:
        interactions = {"requests": cassette.requests, "responses": cassette.responses}
        try:
            _serialize(interactions, SafeSerializer(self.cassettes, _yaml))
        except LeakError as error:
            self._has_failed = True
            pytest.fail(str(error), pytrace=False)

    def _check_used(self, cassette: Any) -> None:
        own = cassette.requests[: self.cassettes.own_interactions]
        requests = [each for index, each in enumerate(own) if cassette.play_counts[index] == 0]
        if not requests:
            return
        unused = Counter(f"{each.method} {urlsplit(str(each.uri)).path}" for each in requests)
        text = (
            f"{len(requests)} of {len(own)} recorded requests were not made:"
            + "".join(
                f"\n  {request}" + (f" ({count} times)" if count > 1 else "") for request, count in unused.items()
            )
            + "\nRecord the test again, with --record-mode=rewrite, or allow it with vcr_config(unused='warn')."
        )
        if self._options.unused == "warn":
            warnings.warn(text, UnusedRecordingWarning, stacklevel=1)
        else:
            pytest.fail(text, pytrace=False)
