"""What the build has made, and what it has left out."""

from __future__ import annotations

from lab.doctor.detect import Finding
from lab.errors import MissingError
from lab.host.locate import find_driver


def bunghole() -> Finding:
    """The driver Bunghole, or why the build left it out."""
    try:
        return Finding(True, str(find_driver("BungholeAudio")))
    except MissingError as error:
        # The reason of the build, or that there is no build at all.
        return Finding(False, error.what)
