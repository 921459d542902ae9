"""What is on a machine: owner, mode and content, to be compared with another moment.

``python -m lab.machine.snapshot PATH...`` prints it from inside.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

WATCHED = (
    "/Library",
    "/System",
    "/Users",
    "/Applications",
    "/private/etc",
    "/private/tmp",
    "/private/var/db/receipts",
    "/private/var/root",
    "/dev/shm",  # noqa: S108  (where shared memory shows)
)
"""Where an installer could leave something; not logs, sockets and what coreaudiod itself keeps."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder or link.

    Parameters
    ----------
    kind
        ``file``, ``folder``, ``link`` or ``other``.
    owner, group
        IDs in the machine.
    mode
        Permission bits.
    content
        SHA-256 of a file, target of a link, else empty.
    """

    kind: str
    owner: int
    group: int
    mode: int
    content: str


def take_snapshot(paths: list[str]) -> dict[str, Entry]:
    """Look at everything below `paths`, without following links."""
    found: dict[str, Entry] = {}
    mounted = _mount_points() - set(paths)
    for top in paths:
        if os.path.lexists(top):
            found[top] = _entry(top)
        for folder, folders, files in os.walk(top):
            # What is shown of the host is not the machine's.
            folders[:] = [name for name in folders if str(Path(folder) / name) not in mounted]
            for name in [*folders, *files]:
                path = str(Path(folder) / name)
                found[path] = _entry(path)
    return dict(sorted(found.items()))


def parse_snapshot(text: str) -> dict[str, Entry]:
    """Read what this module prints."""
    return {path: Entry(**fields) for path, fields in json.loads(text).items()}


def compare(before: dict[str, Entry], after: dict[str, Entry]) -> list[str]:
    """What differs, one sentence each; empty when nothing does.

    Parameters
    ----------
    before, after
        Of the same paths.
    """
    lines = [f"{path} is new" for path in after if path not in before]
    lines += [f"{path} is gone" for path in before if path not in after]
    for path in before.keys() & after.keys():
        old, new = asdict(before[path]), asdict(after[path])
        lines += [
            f"{path}: {name} was {_shown(name, old[name])}, is {_shown(name, new[name])}"
            for name in old
            if old[name] != new[name]
        ]
    return sorted(lines)


def _shown(name: str, value: object) -> str:
    return f"{value:04o}" if name == "mode" and isinstance(value, int) else str(value)[:16]


def _mount_points() -> set[str]:
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    return {line.split()[4] for line in lines}


def _entry(path: str) -> Entry:
    status = os.lstat(path)
    kind, content = "other", ""
    if stat.S_ISLNK(status.st_mode):
        kind, content = "link", os.readlink(path)  # noqa: PTH115  (bytes as they are)
    elif stat.S_ISDIR(status.st_mode):
        kind = "folder"
    elif stat.S_ISREG(status.st_mode):
        kind = "file"
        content = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return Entry(kind, status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), content)


if __name__ == "__main__":
    shot = take_snapshot(sys.argv[1:] or list(WATCHED))
    json.dump({path: asdict(entry) for path, entry in shot.items()}, sys.stdout)
