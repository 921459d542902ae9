"""Faults: what goes wrong on purpose, when, what it may cost, and how the rest is judged.

=============  ==================================================================================
`events`       the grammar: one class per fault, with units and limits
`schedule`     files of events, one JSON object a line; `ReplayFile` is one with a header
`damage`       what was observed, what was allowed, and the verdict on the difference
`far_end`      which way a driver is heard: through shared memory, or through its own input
`loopback`     a driver that loops its output back to its input
`rig`          a host, a driver, a player and a reader that checks every sample
`perform`      each event carried out on a rig, and what it may cost there
`cost`         what it costs when the IO thread is away
`run`          a whole schedule on a rig
`swarm`        schedules from a seed
`marks`        rare states that a soak should have been in
`shrink`       the smallest schedule that still fails
=============  ==================================================================================
"""
