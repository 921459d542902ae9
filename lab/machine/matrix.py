"""What each version of macOS makes of each kind of bundle, and of each way to restart coreaudiod.

The bundles are put into the HAL folder of a machine as they are, without an installer; what is
recorded is which devices its coreaudiod then shows, and what it logs. The restarts are the commands
themselves. Tables are views of that (`lab.machine.matrix_view`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.machine.base import HAL, Machine
from lab.machine.kit import with_types

APPLES = "443ABAB8-E7B3-491A-B985-BEB9187030DB"
SEEDS = "443ABEB8-E7B0-48D3-B2A0-381E2D0BB556"
TYPES: dict[str, tuple[str, ...]] = {
    "Apple's": (APPLES,),
    "the seed's": (SEEDS,),
    "both": (SEEDS, APPLES),
}
SIGNATURES = ("ad hoc", "stale", "none")
LINKAGES = ("static", "own library")
RESTARTS: dict[str, tuple[str, ...]] = {
    "launchctl kickstart -k": (
        *("launchctl", "kickstart", "-k"),
        "system/com.apple.audio.coreaudiod",
    ),
    "launchctl kill": (*("launchctl", "kill", "SIGTERM"), "system/com.apple.audio.coreaudiod"),
    "killall": ("killall", "coreaudiod"),
    "killall -9": ("killall", "-9", "coreaudiod"),
}
_RESTART_LIMIT_S = 8.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of bundle.

    Parameters
    ----------
    types
        A key of `TYPES`.
    signature
        One of `SIGNATURES`.
    linkage
        One of `LINKAGES`.
    """

    types: str
    signature: str
    linkage: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one combination.

    Parameters
    ----------
    profile
        Version of macOS.
    what
        A kind of bundle, or a key of `RESTARTS`.
    works
        The device was there, or coreaudiod was there anew.
    reason
        Why not; what coreaudiod logged, or the command printed. When it works: what nobody knows
        about it, or nothing.
    """

    profile: str
    what: Kind | str
    works: bool
    reason: str


def kinds() -> Iterator[Kind]:
    """All kinds of bundles."""
    for types in TYPES:
        for signature in SIGNATURES:
            for linkage in LINKAGES:
                yield Kind(types, signature, linkage)


def make_bundles(
    bundle: Path, folder: Path, link_library: Callable[[Path], None]
) -> dict[tuple[str, str], Path]:
    """Variants of a bundle, by types and linkage; signatures are made on the machine.

    Parameters
    ----------
    bundle
        The original: Apple's type, linked statically.
    folder
        A new folder.
    link_library
        Makes an executable link a library that is not the system's.
    """
    made = {}
    for number, (name, types) in enumerate(TYPES.items()):
        for linkage in LINKAGES:
            copy = with_types(bundle, folder / f"{number}-{LINKAGES.index(linkage)}", types)
            if linkage != "static":
                for executable in (copy / "Contents/MacOS").iterdir():
                    link_library(executable)
            made[name, linkage] = copy
    return made


def try_bundles(
    machine: Machine, device: str, bundles: dict[tuple[str, str], Path]
) -> Iterator[Cell]:
    """Put each kind of bundle into the machine's HAL folder in turn.

    Parameters
    ----------
    machine
        With nothing in its HAL folder.
    device
        The one that the bundle has.
    bundles
        Of `make_bundles`.
    """
    for kind in kinds():
        bundle = bundles[kind.types, kind.linkage]
        place = f"{HAL}/{bundle.name}"
        machine.put(bundle, place)
        if kind.signature != "none":
            machine.must(["codesign", "--force", "--sign", "-", place])
        if kind.signature == "stale":
            machine.must(["sh", "-c", 'echo >> "$1"/Contents/MacOS/*', "sh", place])
        machine.write("/private/var/log/coreaudiod.log", b"")
        machine.restart_audio()
        works = device in machine.devices()
        yield Cell(machine.profile, kind, works, _logged(machine, bundle.name))
        machine.must(["rm", "-rf", place])


def _logged(machine: Machine, name: str) -> str:
    log = machine.must(["log", "show", "--predicate", 'process == "coreaudiod"']).out
    lines = [line for line in log.splitlines() if name in line]
    return lines[-1].split(f"{name}'", 1)[-1].lstrip(": ") if lines else ""


def try_restarts(machine: Machine) -> Iterator[Cell]:
    """Restart the machine's coreaudiod in each way."""
    for name, command in RESTARTS.items():
        before = machine.generation()
        done = machine.run(command)
        works = done.code == 0 and _comes_back(machine, before)
        said = done.error.strip().splitlines()
        reason = "" if works else (said[0] if said else "no new coreaudiod came")
        yield Cell(machine.profile, name, works, reason)


def _comes_back(machine: Machine, before: int) -> bool:
    end = time.monotonic() + _RESTART_LIMIT_S
    while time.monotonic() < end:
        if machine.generation() > before:
            return True
        time.sleep(0.05)
    return False
