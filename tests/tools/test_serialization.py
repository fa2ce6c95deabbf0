"""The short ways of generated/acs_identity_rest/_serialization.py lead where msrest's own lead."""

from collections.abc import Callable
from importlib import import_module
from typing import Any
from urllib.parse import unquote

import msrest.serialization
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs_identity_rest import API_VERSIONS
from acs_identity_rest._serialization import Deserializer, Serializer

TEXTS = st.text() | st.sampled_from(["8:acs:0a1b_2c3d", "", "a/b", "%3A", "ü", "~", "a b"])
TIMES = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | st.sampled_from(
    [
        "2026-11-24T06:00:00.0000000+00:00",
        "2026-11-24T06:00:00.1234567+00:00",
        "2026-11-24T06:00:00.12+02:00",
        "2026-11-24T06:00:00",
        "2026-11-24t06:00:00z",
        "2026-11-24",
        "yesterday",
        "",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | TIMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


def models_of(version: str) -> dict[str, Any]:
    module = import_module(f"acs_identity_rest.v{version.replace('-', '_')}.models")
    return {name: value for name, value in vars(module).items() if isinstance(value, type)}


MODELS = {
    f"{version} {name}": (models_of(version), name)
    for version in API_VERSIONS
    for name, model in models_of(version).items()
    if hasattr(model, "_attribute_map")
}


def serializer(kind: Any, models: dict[str, Any] | None = None) -> Any:
    return kind(models)


def outcome(of: Callable[[], Any]) -> Any:
    """Return what a call gives, in a form that can be compared, or the type of its error."""
    try:
        return plain(of())
    except Exception as error:  # noqa: BLE001 - whatever msrest raises, ours must raise as well
        return type(error).__name__


def plain(value: Any) -> Any:
    parts: Any = value
    if hasattr(value, "_attribute_map"):
        return type(value).__name__, {name: plain(part) for name, part in parts.__dict__.items()}
    if isinstance(value, list):
        return [plain(part) for part in parts]
    return value.isoformat() if hasattr(value, "isoformat") else value


def document(models: dict[str, Any], name: str) -> st.SearchStrategy[Any]:
    """Documents that are almost what a model expects: each member right, missing or anything."""
    members = models[name]._attribute_map.values()
    return (
        st.fixed_dictionaries({}, optional={member["key"]: right(models, member["type"]) | JSON for member in members})
        | JSON
    )


def right(models: dict[str, Any], kind: str) -> st.SearchStrategy[Any]:
    if kind.startswith("["):
        return st.lists(right(models, kind[1:-1]), max_size=3)
    simple: dict[str, st.SearchStrategy[Any]] = {"str": TEXTS, "int": st.integers(), "iso-8601": TIMES}
    return simple[kind] if kind in simple else st.deferred(lambda: document(models, kind))


@pytest.mark.parametrize("case", MODELS)
def test_an_answer_is_read_as_msrest_reads_it(case: str) -> None:
    models, name = MODELS[case]

    @settings(max_examples=25)
    @given(document(models, name))
    def check(data: Any) -> None:
        ours, theirs = serializer(Deserializer, models), serializer(msrest.serialization.Deserializer, models)
        assert outcome(lambda: ours._deserialize(name, data)) == outcome(lambda: theirs._deserialize(name, data))

    check()


@pytest.mark.parametrize("case", MODELS)
def test_a_request_is_written_as_msrest_writes_it(case: str) -> None:
    models, name = MODELS[case]

    @settings(max_examples=25)
    @given(st.dictionaries(st.sampled_from(sorted(models[name]._attribute_map) or ["none"]), JSON))
    def check(values: dict[str, Any]) -> None:
        def body() -> Any:
            model: Any = models[name].__new__(models[name])
            model.__dict__ = dict.fromkeys(models[name]._attribute_map) | values
            return model

        # The class below ours is msrest's own, with the base that the models have here.
        ours, theirs = serializer(Serializer, models), serializer(Serializer.__mro__[1], models)
        ours.client_side_validation = theirs.client_side_validation = False
        assert outcome(lambda: ours.body(body(), name)) == outcome(lambda: theirs.body(body(), name))

    check()


@given(TEXTS | st.integers() | st.booleans() | st.none(), st.booleans(), st.booleans())
def test_texts_in_a_request_are_written_as_msrest_writes_them(value: Any, skips: bool, validates: bool) -> None:
    ours, theirs = serializer(Serializer), serializer(msrest.serialization.Serializer)
    ours.client_side_validation = theirs.client_side_validation = validates
    for method in ("url", "query", "header"):
        options = {"skip_quote": True} if skips else {}
        expected = outcome(lambda: getattr(theirs, method)("name", value, "str", **options))  # noqa: B023
        assert outcome(lambda: getattr(ours, method)("name", value, "str", **options)) == expected  # noqa: B023


def test_an_escaped_id_is_the_id_again() -> None:
    writer = serializer(Serializer)
    writer.client_side_validation = False
    assert unquote(writer.url("id", "8:acs:a~b_c.d", "str")) == "8:acs:a~b_c.d"
