"""The shared memory layout of Gecko Sink, read from the header that the driver is compiled with.

No offset is written down in Python: `load_layout` reads the ``#define`` lines of
``gecko/gecko_shm.h``, found in the package's data or in the source tree.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from types import MappingProxyType

from lab.errors import MissingError, ShmError

_DEFINE = re.compile(
    r"^[ \t]*#define[ \t]+(GECKO_[A-Z0-9_]+)"
    r'[ \t]+(0[xX][0-9a-fA-F]+|\d+|"[^"\n]*")[ \t]*(?:/\*.*)?$',
    re.MULTILINE,
)

HEADER_IN_SOURCE = Path("driver/gecko/include/gecko/gecko_shm.h")


class Layout:
    """The constants of one header.

    Parameters
    ----------
    numbers
        Name without ``GECKO_`` to value.
    texts
        The same for string constants.
    """

    def __init__(self, numbers: dict[str, int], texts: dict[str, str]) -> None:
        self.numbers = MappingProxyType(numbers)
        self.texts = MappingProxyType(texts)

    def __getitem__(self, name: str) -> int:
        try:
            return self.numbers[name]
        except KeyError:
            raise ShmError(
                f"gecko_shm.h does not define GECKO_{name}", do="use the header of this hal-lab"
            ) from None

    def text(self, name: str) -> str:
        """Value of a string constant."""
        try:
            return self.texts[name]
        except KeyError:
            raise ShmError(
                f"gecko_shm.h does not define GECKO_{name}", do="use the header of this hal-lab"
            ) from None


def parse_header(source: str) -> Layout:
    """Read the constants of a header.

    Parameters
    ----------
    source
        Contents of gecko_shm.h. A constant is a line ``#define GECKO_<NAME> <number or string>``,
        with or without a comment behind; anything else is passed over.

    Returns
    -------
    Layout
    """
    numbers: dict[str, int] = {}
    texts: dict[str, str] = {}
    joined = re.sub(r"\\\r?\n", " ", source)  # a long line may have been broken
    for name, value in _DEFINE.findall(joined):
        key = name.removeprefix("GECKO_")
        if value.startswith('"'):
            texts[key] = value[1:-1]
        else:
            numbers[key] = int(value, 16 if value[:2].lower() == "0x" else 10)
    return Layout(numbers, texts)


def find_header() -> Path:
    """Where gecko_shm.h is: ``HAL_LAB_GECKO_SHM_H``, the package's data, or the source tree.

    Returns
    -------
    Path

    Raises
    ------
    MissingError
        When it is nowhere.
    """
    named = os.environ.get("HAL_LAB_GECKO_SHM_H")
    if named:
        return Path(named)
    package = Path(__file__).resolve().parent.parent
    places = [package / "data" / "gecko_shm.h", package.parent / HEADER_IN_SOURCE]
    for place in places:
        if place.is_file():
            return place
    raise MissingError(
        "gecko_shm.h is not there",
        where=" or ".join(str(place) for place in places),
        do="install hal-lab again, or set HAL_LAB_GECKO_SHM_H",
    )


@cache
def load_layout() -> Layout:
    """The layout of this installation.

    Returns
    -------
    Layout

    Raises
    ------
    MissingError
        When the header is not found.
    """
    return parse_header(find_header().read_text(encoding="utf-8"))
