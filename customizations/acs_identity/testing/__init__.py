"""Recordings of tests that are safe to publish and play back for ever."""
