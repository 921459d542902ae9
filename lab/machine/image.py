"""The root of container machines: made of Debian packages, through the machine's own apt."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from lab.host.locate import find_daemon
from lab.machine.base import CannotError, MachineError
from lab.machine.tree import GROUP, PASSWD

REPOSITORY = "hal-lab-machine"
BUILD_LIMIT_S = 600.0
_PACKAGES = ("procps", "psmisc", "python3")
_SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))
_HOOK = """\
set -eu
cat "$HAL_LAB_FILES/passwd" >"$1/etc/passwd"
cat "$HAL_LAB_FILES/group" >"$1/etc/group"
rm -rf "$1/tmp" "$1/var/run" "$1/var/log" "$1/var/cache/apt" "$1/var/lib/apt" "$1/usr/share/doc" \
    "$1/usr/share/locale" "$1/usr/share/man"
ln -s private/tmp "$1/tmp"
ln -s ../private/var/run "$1/var/run"
ln -s ../private/var/log "$1/var/log"
for name in Applications Library System Users Volumes opt private; do mkdir -p "$1/$name"; done
"""
"""What makes a Debian root look like a Mac's; $1 is the root."""


def recipe() -> str:
    """All that decides what the image is; its hash is the image's tag."""
    return "\n".join([suite(), *packages(), _HOOK, PASSWD, GROUP])


def tag() -> str:
    """Of the image that this recipe makes."""
    return hashlib.sha256(recipe().encode()).hexdigest()[:16]


def suite() -> str:
    """Code name of the system's release, such as bookworm: the simulator was built against it.

    Raises
    ------
    CannotError
        When this is no Debian and none of its children.
    """
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        text = ""
    said = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    name = said.get("VERSION_CODENAME", "").strip('"')
    if not name or shutil.which("apt-get") is None:
        raise CannotError("an image is made of Debian packages, and this system has no apt")
    return name


@cache
def packages() -> list[str]:
    """What is installed beside the essential packages: tools, and the simulator's libraries."""
    listed = _output("ldd", str(find_daemon()))
    files = {word for word in listed.split() if word.startswith(("/lib", "/usr/lib"))}
    # dpkg knows a file by the path in its package, on a system with merged /usr either of two.
    files |= {str(Path(file).resolve()) for file in files}
    files |= {file.removeprefix("/usr") for file in files}
    owners = _output("dpkg", "-S", *sorted(files))
    return sorted({*_PACKAGES, *(line.split(":", 1)[0] for line in owners.splitlines())})


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@contextmanager
def built_root() -> Iterator[Path]:
    """Build the root as a tar archive; it is gone when the context is left.

    Raises
    ------
    CannotError
        When mmdebstrap is not there.
    MachineError
        When it fails; with its last line.
    """
    program = shutil.which("mmdebstrap")
    if program is None:
        raise CannotError("mmdebstrap is not there", do="apt-get install mmdebstrap")
    with tempfile.TemporaryDirectory(prefix="hal-lab-image-") as name:
        folder = Path(name)
        (folder / "passwd").write_text(PASSWD, encoding="utf-8")
        (folder / "group").write_text(GROUP, encoding="utf-8")
        hook = folder / "hook.sh"
        hook.write_text("#!/bin/sh\n" + _HOOK, encoding="utf-8")
        hook.chmod(0o755)
        archive = folder / "root.tar"
        command = [
            *(program, "--variant=minbase", f"--include={','.join(packages())}"),
            *("--aptopt=APT::Install-Recommends false", f'--customize-hook={hook} "$1"'),
            *("--skip=check/empty", suite(), str(archive), *sources()),
        ]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=BUILD_LIMIT_S,
            env={**os.environ, "HAL_LAB_FILES": name},
        )
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["nothing said"]
            raise MachineError(f"mmdebstrap failed: {lines[-1]}", do="look at its output")
        yield archive


def sources() -> list[str]:
    """The system's own lists of Debian's packages, for mmdebstrap; none: its default mirror."""
    files: list[Path] = []
    for place in _SOURCES:
        found = sorted(place.glob("*.sources")) + sorted(place.glob("*.list"))
        files += found if place.is_dir() else [place] if place.is_file() else []
    kept = []
    for file in files:
        text = file.read_text(encoding="utf-8", errors="replace")
        # Other people's repositories have nothing to do with the image.
        if f"{suite()}-security" in text or f" {suite()} " in f" {' '.join(text.split())} ":
            kept.append(str(file))
    return kept
