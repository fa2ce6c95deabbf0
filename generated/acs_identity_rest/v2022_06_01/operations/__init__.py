# coding=utf-8
# --------------------------------------------------------------------------
# Made by "make generate" from swagger/ and autorest.md. Do not edit.
# --------------------------------------------------------------------------
# pylint: disable=wrong-import-position

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._patch import *  # pylint: disable=unused-wildcard-import

from ._operations import IdentityOperations  # type: ignore
from ._operations import TeamsUserOperations  # type: ignore

from ._patch import __all__ as _patch_all
from ._patch import *
from ._patch import patch_sdk as _patch_sdk

__all__ = [
    "IdentityOperations",
    "TeamsUserOperations",
]
__all__.extend([p for p in _patch_all if p not in __all__])  # pyright: ignore
_patch_sdk()
