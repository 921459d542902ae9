"""What the guest's first process is told, and with what it is started."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import lab
from lab.errors import LabError
from lab.guest import mark
from lab.guest.agent_setup import OWN_FOLDERS
from lab.guest.machine import Program
from lab.guest.run_folder import RunFolder
from lab.guest.settings import GuestSettings

PACKAGE_ROOT = Path(lab.__file__).resolve().parents[1]
_BOOT = """import sys
sys.path.insert(0, {root!r})
from lab.guest.agent import main
main({config!r})
"""


def interpreter(settings: GuestSettings) -> Path:
    """The Python that runs in the guest.

    Raises
    ------
    LabError
        When it cannot be run by this user.
    """
    chosen = settings.python or Path(sys.executable)
    if not os.access(chosen, os.X_OK):
        raise LabError(
            "this user cannot run the guest's Python",
            where=str(chosen),
            do="name another in GuestSettings(python=...)",
        )
    return chosen.absolute()


def init_command(settings: GuestSettings, folder: RunFolder) -> tuple[str, ...]:
    """Command line of the first process; writes what it runs."""
    boot = folder.path / "boot.py"
    boot.write_text(
        _BOOT.format(root=str(PACKAGE_ROOT), config=str(folder.path / "agent.json")),
        encoding="utf-8",
    )
    return (str(interpreter(settings)), "-I", "-S", str(boot))


def agent_config(
    settings: GuestSettings, folder: RunFolder, program: Program, guest_mark: mark.Mark
) -> dict[str, Any]:
    """What the agent is told, as JSON."""
    visible, links = seen_paths(
        [interpreter(settings).parent, *_prefixes(settings), PACKAGE_ROOT, *settings.visible]
    )
    return {
        "line": program.line,
        "visible": [str(path) for path in visible],
        "links": [[str(link), str(target)] for link, target in links],
        "shared": str(folder.shared),
        "shared_type": program.shared_type,
        "shared_options": program.shared_options,
        "modules": [str(path) for path in program.modules],
        "mark_file": str(mark.MARK_FILE),
        "mark": guest_mark.text,
    }


def write_agent_config(folder: RunFolder, config: dict[str, Any]) -> None:
    """Put it where the agent finds it."""
    (folder.path / "agent.json").write_text(json.dumps(config), encoding="utf-8")


def seen_paths(wanted: list[Path]) -> tuple[list[Path], list[tuple[Path, Path]]]:
    """What has to be shown although the guest covers the folder it is in.

    Parameters
    ----------
    wanted
        Paths of the host.

    Returns
    -------
    tuple
        Real paths to be shown, none inside another; links, and where they lead, for those that
        were named by another path.

    Raises
    ------
    LabError
        For a path that is not there.
    """
    real: list[Path] = []
    links: list[tuple[Path, Path]] = []
    for path in wanted:
        named = path.absolute()
        target = Path(os.path.realpath(named))
        if not target.exists():
            raise LabError(
                "there is no such path to show to the guest", where=str(path), do="create it first"
            )
        real.append(target)
        if named != target and _is_covered(named):
            links.append((named, target))
    covered = [path for path in dict.fromkeys(sorted(real)) if _is_covered(path)]
    outer = [path for path in covered if not any(other in path.parents for other in covered)]
    return outer, [(link, target) for link, target in dict.fromkeys(links)]


def _is_covered(path: Path) -> bool:
    return any(Path(folder) in path.parents for folder in OWN_FOLDERS)


def _prefixes(settings: GuestSettings) -> list[Path]:
    if settings.python is not None:
        return []
    return [Path(sys.prefix), Path(sys.base_prefix)]
