"""What coreaudiod has told when it had loaded its drivers; believed while that coreaudiod lives.

``python -m lab.machine.state [generation]`` prints the devices, or how often it has come up.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

STATE = Path("/private/var/run/coreaudiod.state.json")  # as in lab.machine.base
DEFAULT_OUTPUT = Path("/private/var/db/hal-lab-default-output")
BUILT_IN = "MacBook Pro Speakers"
"""The device that a Mac has without any driver; the simulator has none, the stand-ins list it."""


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Replace the file in one step."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(state), encoding="utf-8")
    fresh.replace(path)


def read_state(path: Path = STATE) -> dict[str, Any]:
    """The state; empty when there is none, or the coreaudiod that wrote it is gone."""
    try:
        state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if _lives(int(state.get("pid", 0))) else {}


def devices() -> list[dict[str, Any]]:
    """What the living coreaudiod shows, hidden devices apart."""
    found: list[dict[str, Any]] = read_state().get("devices", [])
    return [device for device in found if not device.get("hidden")]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # A process that has ended and is not yet reaped lives no more.
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return True
    return fields[0] != "Z"


if __name__ == "__main__":
    if sys.argv[1:] == ["generation"]:
        sys.stdout.write(f"{read_state().get('generation', 0)}\n")
    else:
        json.dump(devices(), sys.stdout)
