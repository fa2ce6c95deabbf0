"""Comparisons within one run: a ratio, never a bare time."""
