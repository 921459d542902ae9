"""How a machine's root is put together: `tree` makes it, `keeper` mounts it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

OWN = ("Applications", "Library", "System", "Users", "Volumes", "opt", "private")
"""Top folders that are the machine's: writable, and empty but for what `tree` puts there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A machine in namespaces.

    Parameters
    ----------
    root
        Folder on the host that holds what is the machine's own.
    shown
        Host paths that the machine sees read-only, by their path in the machine.
    command
        Of process 1.
    environment
        Of process 1, and so of all others.
    """

    root: str
    shown: dict[str, str]
    command: tuple[str, ...]
    environment: dict[str, str]

    def to_json(self) -> str:
        """For the keeper."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> Plan:
        """What `to_json` has made."""
        raw = json.loads(text)
        return cls(raw["root"], raw["shown"], tuple(raw["command"]), raw["environment"])

    @property
    def folder(self) -> Path:
        """`root`."""
        return Path(self.root)
