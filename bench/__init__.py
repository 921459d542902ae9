"""Benchmarks: what the lab itself costs, as ratios within one run (./noxw -s bench)."""
