"""Thousands of virtual runs over a grid of parameters: how probable is a glitch, where.

A grid has *points* (a value for each parameter) and *seeds*; a point with a seed is one *run*, and
is the same wherever and whenever it is made. `lab.sweep.late` says what a run
consists of, `lab.sweep.run` has the runs made, here or on a cluster, and kept.
"""
