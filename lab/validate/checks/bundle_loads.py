"""Whether a driver loads at all: what every other check stands on."""

from __future__ import annotations

from lab.validate.check import Check, Need
from lab.validate.subject import Subject


class Loads(Check):
    """The driver loads: its factory and Initialize succeed, and its devices can be read."""

    id = "bundle-loads"
    family = "bundle"
    strictness = 1
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: Initialize; CFPlugIn.h"

    def run(self, subject: Subject) -> None:
        """Load it, as this macOS does."""
        subject.loaded()
