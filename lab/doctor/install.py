"""The line that installs what is missing, and running it where that is allowed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable

from lab.doctor.needs import Need


def packages(needs: Iterable[Need]) -> list[str]:
    """Names of the packages that bring these needs here, each once."""
    names: list[str] = []
    for need in needs:
        for name in need.brew if sys.platform == "darwin" else need.debian:
            # A name with a remark is for people: not every release has the package.
            if " " not in name and name not in names:
                names.append(name)
    return names


def install_command(names: list[str]) -> list[str]:
    """The command that installs packages here; empty when this system is not known."""
    if not names:
        return []
    if sys.platform == "darwin":
        return ["brew", "install", *names]
    if shutil.which("apt-get"):
        return [*_as_root(), "apt-get", "install", "--yes", "--no-install-recommends", *names]
    return []


def line(names: list[str]) -> str:
    """The same as one line to paste into a shell."""
    command = install_command(names)
    if not command:
        return "install with your system's package manager: " + " ".join(names) if names else ""
    shown = [part for part in command if part != "-n"]
    return shlex.join(shown)


def may_install() -> bool:
    """Whether this user can install packages without being asked anything."""
    if sys.platform == "darwin":
        return shutil.which("brew") is not None
    if shutil.which("apt-get") is None:
        return False
    if os.geteuid() == 0:
        return True
    sudo = shutil.which("sudo")
    return sudo is not None and _quiet([sudo, "-n", "true"]) == 0


def install(names: list[str]) -> bool:
    """Install packages; their progress goes to stderr.

    Returns
    -------
    bool
        Whether the package manager says that it did.
    """
    command = install_command(names)
    if not command:
        return False
    if "apt-get" in command:
        # A fresh container has no package lists; a stale list names packages that are gone.
        _loud([*_as_root(), "apt-get", "update", "--quiet"])
    return _loud(command) == 0


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


def _quiet(command: list[str]) -> int:
    return subprocess.run(command, capture_output=True, check=False).returncode


def _loud(command: list[str]) -> int:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, stdout=sys.stderr, stdin=subprocess.DEVNULL, env=environment, check=False
    )
    return done.returncode
