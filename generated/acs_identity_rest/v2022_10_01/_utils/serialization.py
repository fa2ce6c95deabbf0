# Made by "make generate" from swagger/ and autorest.md. Do not edit.

from msrest.serialization import Deserializer, Model, Serializer

__all__ = ["Deserializer", "Model", "Serializer"]
