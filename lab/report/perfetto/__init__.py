"""A run as a Perfetto trace: a file that opens in ui.perfetto.dev, with nothing to install.

``events``: what a track holds. ``lanes``: slices that overlap. ``cycles``, ``ring``, ``reader``,
``packets``, ``glitches``: one kind of track each. ``protobuf``: tracks into bytes. ``write``: the
file. ``run``: from what `hal-lab play` has.
"""

from lab.report.perfetto.run import write_run
from lab.report.perfetto.write import Written, write_perfetto

__all__ = ["Written", "write_perfetto", "write_run"]
