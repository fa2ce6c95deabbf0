"""Runs the command as `python -m acs_identity.cli`."""

from acs_identity.cli import main

main()
