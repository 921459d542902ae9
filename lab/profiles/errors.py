"""What can be wrong with a profile."""

from __future__ import annotations

from lab.errors import LabError


class ProfileError(LabError):
    """A profile is absent or wrong; the line names file and line."""


class UnknownValueError(LabError):
    """No source says what was asked for; whoever asks has to do without."""
