"""What each macOS version does with audio drivers, as data: the reader of ``sim/profiles``.

A profile answers questions such as "which type UUIDs are accepted" or "may ``launchctl kickstart``
restart coreaudiod", and for every answer says who says so and how sure that is. What nobody says is
unknown, and stays so: whoever needs it says so in turn.
"""

from __future__ import annotations

from lab.profiles.errors import ProfileError, UnknownValueError
from lab.profiles.profile import Profile, Value
from lab.profiles.read import load_profile, load_profiles, profile_folder, profile_names

__all__ = [
    "Profile",
    "ProfileError",
    "UnknownValueError",
    "Value",
    "load_profile",
    "load_profiles",
    "profile_folder",
    "profile_names",
]
