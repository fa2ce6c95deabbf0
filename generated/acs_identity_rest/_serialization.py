# Made by "make generate" from swagger/ and autorest.md. Do not edit.
"""msrest's serializer for all API versions, with short ways for what the contracts have most of.

The package msrest itself is not imported: it loads requests and oauthlib, which takes longer than everything else and
serves no operation. Its modules are loaded under a name of this package instead.
"""

import re
import sys
from datetime import datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from azure.core.exceptions import DecodeError

if TYPE_CHECKING:
    from msrest import serialization as _msrest
else:
    _spec = find_spec("msrest")
    if _spec is None:
        raise ModuleNotFoundError("No module named 'msrest'", name="msrest")
    _package = ModuleType(f"{__package__}._msrest")
    _package.__path__ = _spec.submodule_search_locations
    sys.modules.setdefault(_package.__name__, _package)
    _msrest = import_module(f"{_package.__name__}.serialization")

__all__ = ["Deserializer", "Model", "Serializer"]

Model = _msrest.Model


_PLAIN = {"str": str, "int": int}
_UNESCAPED = re.compile(r"[\w.~:-]*", re.ASCII)


@cache
def _members(model: Any) -> tuple[tuple[str, str, str], ...] | None:
    """Return attribute, JSON name and type of each member of a model; None for a model with more to it."""
    special = any(rules.keys() & {"readonly", "constant"} for rules in model._validation.values())
    members = tuple((name, member["key"], member["type"]) for name, member in model._attribute_map.items())
    if (
        special
        or model._subtype_map
        or hasattr(model, "_xml_map")
        or any("." in key or not key for _, key, _ in members)
    ):
        return None
    return members


class Serializer(_msrest.Serializer):
    """Writes requests. What is text, number or list of texts already is taken as it is; msrest does the rest."""

    def url(self, name: str, data: Any, data_type: str, **kwargs: Any) -> str:
        if type(data) is str and data_type == "str" and not self.client_side_validation:
            if kwargs.get("skip_quote") is True:
                return data
            return data.replace(":", "%3A") if _UNESCAPED.fullmatch(data) else quote(data, safe="")
        return super().url(name, data, data_type, **kwargs)

    def query(self, name: str, data: Any, data_type: str, **kwargs: Any) -> str:
        if data_type == "str":
            return self.url(name, data, data_type, **kwargs)
        return super().query(name, data, data_type, **kwargs)

    def header(self, name: str, data: Any, data_type: str, **kwargs: Any) -> str:
        if type(data) is str and data_type == "str" and not self.client_side_validation:
            return data
        return super().header(name, data, data_type, **kwargs)

    def body(self, data: Any, data_type: str, **kwargs: Any) -> Any:
        if isinstance(data, Model) and not self.client_side_validation and not kwargs:
            written = self._written(data)
            if written is not None:
                return written
        return super().body(data, data_type, **kwargs)

    @staticmethod
    def _written(model: Any) -> dict[str, Any] | None:
        members = _members(type(model))
        if members is None:
            return None
        written = {}
        for name, key, kind in members:
            value = getattr(model, name)
            if value is None:
                continue
            is_list = kind == "[str]" and type(value) is list and all(type(part) is str for part in value)
            if not is_list and type(value) is not _PLAIN.get(kind):
                return None
            written[key] = value
        return written


class Deserializer(_msrest.Deserializer):
    """Reads answers. What azure-core has read as JSON is not read again; msrest does what is not plain."""

    def __init__(self, classes: Any = None) -> None:
        super().__init__(classes)
        self.deserialize_type["iso-8601"] = self.deserialize_iso

    @staticmethod
    def _unpack_content(raw_data: Any, content_type: str | None = None) -> Any:
        response = getattr(raw_data, "http_response", raw_data)
        if not hasattr(response, "json"):
            return _msrest.Deserializer._unpack_content(raw_data, content_type)
        if not response.content:
            return None
        kind = (response.content_type or "application/json").partition(";")[0].strip().lower()
        if kind not in ("application/json", "text/json") and not kind.endswith("+json"):
            raise DecodeError(f"The answer is no JSON but {kind}.", response=response)
        try:
            return response.json()
        except ValueError as error:
            raise DecodeError(f"The answer is malformed JSON: {error}", response=response, error=error) from error

    def _deserialize(self, target_obj: Any, data: Any) -> Any:
        model = self.dependencies.get(target_obj) if isinstance(target_obj, str) else None
        members = _members(model) if type(data) is dict and hasattr(model, "_attribute_map") else None
        if members is None:
            return super()._deserialize(target_obj, data)
        values = {}
        for name, key, kind in members:
            value = data.get(key)
            if value is not None and type(value) is not _PLAIN.get(kind):
                try:
                    value = self._deserialize(kind, value)
                except (AttributeError, KeyError, TypeError):
                    # msrest has an error for it.
                    return super()._deserialize(target_obj, data)
            values[name] = value
        read = model(**values)
        unknown = data.keys() - {key for _, key, _ in members}
        if unknown:
            read.additional_properties = {key: data[key] for key in unknown}
        return read

    @staticmethod
    def deserialize_iso(attr: Any) -> datetime:
        try:
            if attr[10] in "Tt":
                return datetime.fromisoformat(attr)
        except (IndexError, TypeError, ValueError):
            pass
        return _msrest.Deserializer.deserialize_iso(attr)
