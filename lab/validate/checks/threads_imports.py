"""What a driver must not call, whether or not it does: names that its executable takes."""

from __future__ import annotations

import re
from pathlib import Path

from lab.bundle.imports import imports_of
from lab.bundle.window import MalformedError
from lab.validate.check import Check, Need, Skip
from lab.validate.subject import Subject

_CLIENT_API = re.compile(r"Audio(Object|Device|Hardware|Stream)[A-Z]\w*")
"""AudioHardware.h: all its functions begin so, and no others of the system do."""


class NoClientApi(Check):
    """The executable takes no function of the client API of the HAL."""

    id = "threads-no-client-api"
    family = "threads"
    strictness = 3
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: a plug-in must not call the client HAL API (it waits for itself)"

    def run(self, subject: Subject) -> None:
        """Read its symbols; nothing of it is called."""
        executable = Path(subject.probe().opened.executable)
        try:
            found = imports_of(executable)
        except (MalformedError, OSError) as error:
            raise Skip(f"the symbols of {executable.name} cannot be read: {error}") from error
        self.expect_all(
            f"{executable.name} takes {name}, which asks coreaudiod, which waits for the driver"
            for name in sorted(found)
            if _CLIENT_API.fullmatch(name)
        )
