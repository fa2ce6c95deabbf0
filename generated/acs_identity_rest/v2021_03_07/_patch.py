# Made by "make generate" from swagger/ and autorest.md. Do not edit.
"""The place where the generator expects code written by hand. Here that code lives in customizations/."""

__all__: list[str] = []


def patch_sdk() -> None:
    """Do nothing; the generated packages call it when they are imported."""
