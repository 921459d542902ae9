"""Where commands print."""

from __future__ import annotations

import os
import sys

from rich.console import Console


class Output(Console):
    """Standard output that whoever reads it may leave.

    The rest is thrown away then and the work goes on: the exit status stays that of the run, and
    what is kept is kept.
    """

    def on_broken_pipe(self) -> None:
        """Called by rich; its own way is to end the program."""
        self.quiet = True
        throw_output_away()


def throw_output_away() -> None:
    """Let standard output lead nowhere, so that nothing more fails, not even at the exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
