"""What a machine is to be like; inside it is ``/private/etc/hal-lab.json``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

DESCRIPTION = "/private/etc/hal-lab.json"


@dataclass(frozen=True, slots=True)
class Description:
    """What a machine is to be like.

    Parameters
    ----------
    profile
        Name of the version of macOS.
    clock
        Of coreaudiod-sim.
    coreaudiod_throttle_s
        ThrottleInterval of coreaudiod's job. The real one's is not known (`profiles`); 0 respawns
        at once, as reports from the field have it.
    sigterm
        ``honoured``, or ``ignored`` as BackgroundMusic #241 saw it.
    administrator
        What the user answers when osascript asks for a password: ``yes`` or ``cancels``.
    system_integrity_protection
        What csrutil says.
    environment
        Of coreaudiod, and so of the drivers.
    daemon
        Path of coreaudiod-sim in the machine.
    """

    profile: str = "macos-26"
    clock: str = "virtual"
    coreaudiod_throttle_s: float = 0.0
    sigterm: str = "honoured"
    administrator: str = "yes"
    system_integrity_protection: bool = True
    environment: dict[str, str] = field(default_factory=dict)
    daemon: str = ""

    def to_json(self) -> str:
        """As the file has it."""
        return json.dumps(asdict(self), indent=2) + "\n"


def read_description(path: Path = Path(DESCRIPTION)) -> Description:
    """Read the file.

    Parameters
    ----------
    path
        Of the file.
    """
    return Description(**json.loads(path.read_text(encoding="utf-8")))
