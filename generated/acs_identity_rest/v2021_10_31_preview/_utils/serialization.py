# Made by "make generate" from swagger/ and autorest.md. Do not edit.

from acs_identity_rest._serialization import Deserializer, Model, Serializer

__all__ = ["Deserializer", "Model", "Serializer"]
