"""Latency, lateness, underruns and blame: pure functions on arrays."""
