"""What an executable takes from elsewhere, whatever its format."""

from __future__ import annotations

from pathlib import Path

from lab.bundle.elf import is_elf, read_elf
from lab.bundle.macho import is_macho, read_macho
from lab.bundle.window import open_window


def imports_of(path: Path) -> frozenset[str]:
    """Names of the functions and data that an executable takes from elsewhere, as in the source.

    Parameters
    ----------
    path
        Of the file; of a universal one all architectures count.

    Returns
    -------
    frozenset of str
        Empty for a file that is neither Mach-O nor ELF.

    Raises
    ------
    MalformedError
        When the file contradicts itself.
    OSError
        When it cannot be read.
    """
    with open_window(path) as window:
        if is_elf(window):
            return read_elf(window).imports
        if is_macho(window):
            names = frozenset().union(*(one.imports for one in read_macho(window)))
            return frozenset(name.removeprefix("_") for name in names)
    return frozenset()
