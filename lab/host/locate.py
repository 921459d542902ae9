"""Where coreaudiod-sim, its library and the built drivers are.

Looked at in this order:

1. ``HAL_LAB_BIN``: the program, or the folder that it is in;
2. ``HAL_LAB_BUILD``: a CMake build folder;
3. the installed package: ``lab/_native`` and the environment's scripts;
4. ``build/release`` and ``build/dev`` of the source tree that this file is in;
5. ``PATH`` (the program only).
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from lab.errors import MissingError

DAEMON = "coreaudiod-sim"
NATIVE = "libhallab_native"
DEFAULT_DRIVER = "GeckoAudioDevice"
WHY_NOT = ".why-not"
"""A file of this suffix, where a driver would be: a line of text, why it is not built."""
BUILD_HINT = (
    "build it: cmake --preset dev && cmake --build --preset dev (or ./noxw -s hal), "
    "or set HAL_LAB_BUILD to a build folder"
)

_PACKAGE = Path(__file__).resolve().parent.parent
_SKIPPED = {"CMakeFiles", ".git", "_deps", "Testing", "node_modules"}


def find_daemon() -> Path:
    """The program coreaudiod-sim.

    Returns
    -------
    Path

    Raises
    ------
    MissingError
        With what to run to get it.
    """
    named = os.environ.get("HAL_LAB_BIN")
    if named:
        place = Path(named)
        program = place / DAEMON if place.is_dir() else place
        if _is_program(program):
            return program
        raise MissingError(
            f"HAL_LAB_BIN does not lead to {DAEMON}", where=named, do="correct or unset it"
        )
    build = build_folder_of_environment()
    if build is not None:
        for program in _below(build, DAEMON):
            if _is_program(program):
                return program
        raise MissingError(f"HAL_LAB_BUILD has no {DAEMON}", where=str(build), do=BUILD_HINT)
    scripts = [Path(sysconfig.get_path("scripts")), Path(sys.executable).parent]
    candidates = [folder / DAEMON for folder in [_PACKAGE / "_native", *scripts]]
    for folder in source_build_folders():
        candidates += _below(folder, DAEMON)
    on_path = shutil.which(DAEMON)
    if on_path:
        candidates.append(Path(on_path))
    for program in candidates:
        if _is_program(program):
            return program
    raise MissingError(f"{DAEMON} is not built", do=BUILD_HINT)


def find_native_library() -> Path:
    """The library for the host in this process.

    Returns
    -------
    Path

    Raises
    ------
    MissingError
        With what to run to get it.
    """
    name = NATIVE + (".dylib" if sys.platform == "darwin" else ".so")
    for folder in _native_folders():
        for found in _below(folder, name):
            return found
    raise MissingError(f"{name} is not built", do=BUILD_HINT)


def find_driver(name: str = DEFAULT_DRIVER) -> Path:
    """A built driver bundle, by path or by name.

    Parameters
    ----------
    name
        A path to a bundle, or a bundle's name with or without ``.driver``; the beginning of a
        name will do when only one begins so (``Bunghole``).

    Returns
    -------
    Path
        Of the bundle. Whether it is a good one is for the host to say.

    Raises
    ------
    MissingError
        When there is none; names those that there are.
    """
    path = Path(name).expanduser()
    if path.exists():
        return path.resolve()
    if os.sep in name:
        raise MissingError("no such driver bundle", where=name, do="check the path")
    built = list_drivers()
    wanted = name.removesuffix(".driver").lower()
    for bundle in built:
        if bundle.stem.lower() == wanted:
            return bundle
    begun = [bundle for bundle in built if bundle.stem.lower().startswith(wanted)]
    if wanted and len({bundle.stem for bundle in begun}) == 1:
        return begun[0]
    reason = why_not_built(name)
    if reason:
        raise MissingError(reason)
    there = ", ".join(sorted({bundle.stem for bundle in built}))
    raise MissingError(
        f'no driver "{name}" is built',
        do=f"take one of: {there}" if there else BUILD_HINT,
    )


def list_drivers() -> list[Path]:
    """All built bundles, in the order in which they are looked for."""
    found: list[Path] = []
    for folder in _native_folders():
        for bundle in _below(folder, suffix=".driver"):
            if bundle.is_dir() and bundle not in found:
                found.append(bundle)
    return found


def why_not_built(name: str) -> str:
    """What a build says that left a driver out.

    Parameters
    ----------
    name
        A bundle's name with or without ``.driver``, or the beginning of one.

    Returns
    -------
    str
        One line; empty when no build says anything.
    """
    wanted = name.removesuffix(".driver").lower()
    for folder in _native_folders():
        for note in _below(folder, suffix=WHY_NOT):
            if wanted and note.stem.lower().startswith(wanted):
                reason = " ".join(note.read_text(encoding="utf-8", errors="replace").split())
                return f"{note.stem} is not built: {reason}"
    return ""


def build_folder_of_environment() -> Path | None:
    """``HAL_LAB_BUILD``, None when it is not set.

    Raises
    ------
    MissingError
        When it is set and leads nowhere.
    """
    named = os.environ.get("HAL_LAB_BUILD")
    if not named:
        return None
    folder = Path(named)
    if not folder.is_dir():
        raise MissingError("HAL_LAB_BUILD is no folder", where=named, do=BUILD_HINT)
    return folder


def source_build_folders() -> list[Path]:
    """Build folders of the source tree that this package lies in, if it does."""
    root = _PACKAGE.parent
    if not (root / "CMakePresets.json").is_file():
        return []
    return [folder for preset in ("release", "dev") if (folder := root / "build" / preset).is_dir()]


def _native_folders() -> list[Path]:
    named = os.environ.get("HAL_LAB_BIN")
    beside = [_beside(Path(named))] if named else []
    build = build_folder_of_environment()
    if build is not None:
        return [*beside, build]
    return [*beside, _PACKAGE / "_native", *source_build_folders()]


def _beside(place: Path) -> Path:
    """The installed libraries next to a program: ``bin/`` and ``lib/hal-lab/``."""
    folder = place if place.is_dir() else place.parent
    return folder.parent / "lib" / "hal-lab"


def _below(folder: Path, name: str = "", *, suffix: str = "") -> Iterator[Path]:
    """Files and folders of that name, or with that suffix, below `folder`; sorted."""
    if not folder.is_dir():
        return
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED)
        for entry in sorted([*folders, *files]):
            if entry == name or (suffix and entry.endswith(suffix)):
                yield Path(here) / entry
        # A bundle is one thing: nothing in it is looked for.
        folders[:] = [f for f in folders if not f.endswith(".driver")]


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
