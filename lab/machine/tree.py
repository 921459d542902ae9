"""The files that a machine begins with, and what of the host it sees."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from lab.host.locate import find_daemon
from lab.machine.base import HAL, STAFF_ID, USER, USER_ID
from lab.machine.description import DESCRIPTION, Description
from lab.machine.plan import OWN
from lab.machine.stand_ins import NAMES
from lab.profiles.profile import Profile
from lab.profiles.read import profile_folder

PACKAGE = "/opt/hal-lab/python"
PATH = "/opt/hal-lab/bin:/usr/bin:/bin:/usr/sbin:/sbin"
_FOLDERS = {
    HAL: 0o755,
    "/Library/LaunchAgents": 0o755,
    "/Library/LaunchDaemons": 0o755,
    "/Library/Preferences": 0o755,
    "/System/Library/LaunchAgents": 0o755,
    "/System/Library/LaunchDaemons": 0o755,
    "/Users/Shared": 0o1777,
    f"/Users/{USER}": 0o755,
    "/opt/hal-lab/bin": 0o755,
    "/opt/hal-lab/libexec": 0o755,
    PACKAGE: 0o755,
    "/private/etc": 0o755,
    "/private/tmp": 0o1777,
    "/private/var/db/receipts": 0o755,
    "/private/var/log": 0o755,
    "/private/var/root": 0o750,
    "/private/var/run": 0o755,
    "/private/var/tmp": 0o1777,
}
PASSWD = f"""\
root:*:0:0:System Administrator:/private/var/root:/bin/sh
{USER}:*:{USER_ID}:{STAFF_ID}:A user:/Users/{USER}:/bin/sh
_coreaudiod:*:202:202:Core Audio Daemon:/private/var/empty:/usr/bin/false
nobody:*:65534:65534:Nobody:/private/var/empty:/usr/bin/false
"""
GROUP = f"""\
wheel:*:0:root
staff:*:{STAFF_ID}:root,{USER}
admin:*:80:root,{USER}
_coreaudiod:*:202:
nogroup:*:65534:
"""


def make_tree(root: Path, description: Description, profile: Profile, python: str) -> None:
    """Write what a machine begins with.

    Parameters
    ----------
    root
        An empty folder.
    description
        Of the machine.
    profile
        The version of macOS.
    python
        The interpreter, as the machine sees it.
    """
    for name in OWN:
        (root / name).mkdir(mode=0o755)
    for path, mode in _FOLDERS.items():
        folder = root / path.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
    _write(root, "/private/etc/passwd", PASSWD)
    _write(root, "/private/etc/group", GROUP)
    _write(root, DESCRIPTION, description.to_json())
    cache_file = Path("/etc/ld.so.cache")
    if cache_file.exists():
        shutil.copyfile(cache_file, root / "private/etc/ld.so.cache")
    _write_programs(root, description, python)
    label = str(profile.need("service.label"))
    job = {
        "Label": label,
        "ProgramArguments": [
            *("/opt/hal-lab/bin/hal-lab-python", "-m", "lab.machine.coreaudiod"),
        ],
        "KeepAlive": True,
        "ThrottleInterval": description.coreaudiod_throttle_s,
        "EnvironmentVariables": description.environment,
        "StandardErrorPath": "/private/var/log/coreaudiod.stderr.log",
    }
    place = root / f"System/Library/LaunchDaemons/{label}.plist"
    place.write_bytes(plistlib.dumps(job))
    place.chmod(0o644)


def _write_programs(root: Path, description: Description, python: str) -> None:
    """The stand-ins, each a line of shell that starts its module."""
    # Without site-packages: what runs in a machine is the standard library and this package.
    start = f'PYTHONPATH={PACKAGE} PYTHONDONTWRITEBYTECODE=1 exec {python} -S -s "$@"\n'
    _write_program(root, "hal-lab-python", "#!/bin/sh\n" + start)
    for name in NAMES:
        module = f"lab.machine.stand_ins.{name.lower()}"
        text = f'#!/bin/sh\nexec /opt/hal-lab/bin/hal-lab-python -m {module} "$@"\n'
        _write_program(root, name, text)
    (root / "opt/hal-lab/libexec/coreaudiod").symlink_to(description.daemon)


def _write(root: Path, path: str, text: str) -> None:
    place = root / path.lstrip("/")
    place.write_text(text, encoding="utf-8")
    place.chmod(0o644)


def _write_program(root: Path, name: str, text: str) -> None:
    place = root / "opt/hal-lab/bin" / name
    place.write_text(text, encoding="utf-8")
    place.chmod(0o755)


@cache
def shown_paths() -> dict[str, str]:
    """What of the host a machine sees read-only: this package, the simulator, the interpreter.

    Returns
    -------
    dict
        Host path by path in the machine.
    """
    package = Path(__file__).resolve().parent.parent
    shown = {
        f"{PACKAGE}/lab": str(package),
        f"{PACKAGE}/sim/profiles": str(profile_folder()),
    }
    if Path("/etc/alternatives").is_dir():
        shown["/private/etc/alternatives"] = "/etc/alternatives"  # awk is a link to there
    brought = [*simulator_folders(), *interpreter_folders()]
    return {**shown, **{folder: folder for folder in brought}}


def simulator_folders() -> list[str]:
    """Folders of coreaudiod-sim and the libraries that it brings, outside the system's own."""
    daemon = find_daemon().resolve()
    listed = subprocess.run(
        ["ldd", str(daemon)],  # noqa: S607  (part of the C library)
        capture_output=True,
        text=True,
        check=False,
    )
    files = [daemon, *(Path(word) for word in listed.stdout.split() if word.startswith("/"))]
    return _outside_system(str(file.resolve().parent) for file in files)


def interpreter() -> str:
    """The interpreter itself, not a virtual environment's link to it."""
    return str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())


def interpreter_folders() -> list[str]:
    """Where the interpreter and its library are, outside the system's own."""
    return _outside_system([str(Path(sys.base_prefix).resolve())])


def _outside_system(folders: object) -> list[str]:
    assert hasattr(folders, "__iter__")
    system = ("/usr", "/lib", "/lib64", "/bin", "/sbin")
    found = {folder for folder in folders if not folder.startswith(tuple(f"{s}/" for s in system))}
    return sorted(found - set(system))
