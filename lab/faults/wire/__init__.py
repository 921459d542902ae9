"""Bunghole under faults, in virtual time: its host lives inside the simulated coreaudiod.

`rig` is what runs, `counts` what is counted, `perform` carries events out and says what they may
cost, `judge` says whether it cost more, `run` puts them together.
"""
