"""Whether there is anything to validate: said at once, and not as the failure of eighty checks."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from lab.bundle.inspect import Inspection, inspect_bundle
from lab.errors import UsageError
from lab.host.locate import find_daemon

_HERE = {"linux": "elf", "darwin": "mach-o"}
_OTHER_NAMES = {"aarch64": "arm64", "amd64": "x86_64"}
_NO_BUNDLE = (
    "not-readable",
    "info-plist-missing",
    "info-plist-unreadable",
    "executable-not-named",
    "executable-elsewhere",
    "executable-missing",
    "executable-unreadable",
)


def check_bundle(bundle: Path) -> Inspection:
    """Look whether a bundle could be loaded on this machine at all.

    Returns
    -------
    Inspection
        By no profile.

    Raises
    ------
    UsageError
        When it is no bundle, cannot be read, or is for another system or processor.
    MissingError
        When coreaudiod-sim is not built.
    """
    find_daemon()
    found = inspect_bundle(bundle, [])
    for finding in found.findings:
        if finding.id in _NO_BUNDLE:
            raise UsageError(finding.sentence, where=str(bundle))
    wanted = _HERE.get(sys.platform, "elf")
    executable = found.executable
    if executable is None or executable.format != wanted:
        has = "no code" if executable is None else executable.format
        raise UsageError(
            f"the executable is {has}, and this machine runs {wanted}",
            where=str(bundle),
            do="build the driver for this system: docs/how-to/validate-your-driver.md",
        )
    machine = _plain(platform.machine())
    built_for = sorted({_plain(code.architecture) for code in executable.code})
    if machine not in built_for:
        raise UsageError(
            f"the executable is built for {', '.join(built_for)}, and this machine is {machine}",
            where=str(bundle),
            do="build the driver for this machine",
        )
    return found


def _plain(architecture: str) -> str:
    lower = architecture.lower()
    return _OTHER_NAMES.get(lower, lower)
