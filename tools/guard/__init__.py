"""The guard: what a change does to users, and what it leaves undone, in one report. Run: python -m tools.guard."""
