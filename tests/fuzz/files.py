"""Damaged files, and damaged shared memory, to those who read them.

Refusing an input in the reader's own words is right; any other error is a find, and so is taking
long (see `tests.fuzz.search`).
"""

from __future__ import annotations

import os
import plistlib
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st

from lab.bundle.elf import is_elf, read_elf
from lab.bundle.macho import is_macho, read_macho
from lab.bundle.plist import parse_plist
from lab.bundle.window import MalformedError, Window
from lab.errors import ShmError
from lab.transport import posix_shm
from lab.transport.shm import open_reader
from tests.support.elf_writer import shared_object
from tests.support.fake_gecko import v1_image, v2_image
from tests.support.macho_writer import Thin, thin, universal

Check = Callable[[bytes], None]

_TELLING = [0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x1000, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


@st.composite
def damaged(draw: st.DrawFn, wholes: list[bytes], *, near: int, places: list[int]) -> bytes:
    """One of these with a few changes, most of them within `near` bytes of one of `places`."""
    data = bytearray(draw(st.sampled_from(wholes)))
    for _ in range(draw(st.integers(0, 6))):
        if draw(st.integers(0, 3)):
            at = (draw(st.sampled_from(places)) + draw(st.integers(0, near))) % max(len(data), 1)
        else:
            at = draw(st.integers(0, max(len(data) - 1, 0)))
        value = draw(st.sampled_from(_TELLING) | st.integers(0, 2**32 - 1))
        width = draw(st.sampled_from([1, 2, 4, 8]))
        big = draw(st.booleans())
        new = (value & ((1 << 8 * width) - 1)).to_bytes(width, "big" if big else "little")
        data[at : at + width] = new[: len(data) - at]
    if draw(st.integers(0, 5)) == 0:
        del data[draw(st.integers(0, len(data))) :]
    return bytes(data)


# ---- Gecko Sink's shared memory ------------------------------------------------------------------

GECKO = damaged(
    [bytes(v2_image(ring_frames=256, block_count=8)), v1_image(512, 2, 48_000)],
    near=700,
    places=[0, 0, 64, 128, 4096],
)


def check_gecko(data: bytes) -> None:
    """Map it, read its header and what it says is audio."""
    name = f"/hal-lab-fuzz-{os.getpid()}"
    posix_shm.create(name, data)
    try:
        with suppress(ShmError), open_reader(name, attach="start") as reader:
            reader.read()
    finally:
        posix_shm.unlink(name)


# ---- property lists ------------------------------------------------------------------------------

_VALUE: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.text(max_size=8), st.integers(-(2**63), 2**63 - 1), st.booleans(), st.floats()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
_XML_PIECES = [
    *(b"<plist>", b"</plist>", b"<dict>", b"</dict>", b"<array>", b"</array>", b"<key>a</key>"),
    *(b"<key>", b"</key>", b"<string>", b"</string>", b"<integer>1</integer>", b"<true/>"),
    *(b"<date>2026-01-01T00:00:00Z</date>", b"<date>", b"<data>AA==</data>", b"<data>", b"</data>"),
    *(b"<!DOCTYPE plist [<!ENTITY a 'b'>]>", b"&a;", b"&#0;", b"<integer>", b"0x", b"1e9", b"\xff"),
]


@st.composite
def _lists(draw: st.DrawFn) -> bytes:
    if draw(st.booleans()):
        return b"".join(draw(st.lists(st.sampled_from(_XML_PIECES), max_size=24)))
    value = draw(st.dictionaries(st.text(max_size=8), _VALUE, max_size=4))
    kind = draw(st.sampled_from([plistlib.FMT_BINARY, plistlib.FMT_XML]))
    try:
        whole = plistlib.dumps(value, fmt=kind)
    except (ValueError, OverflowError):  # text that XML cannot hold
        whole = plistlib.dumps({}, fmt=kind)
    back = max(len(whole) - 40, 0)  # where a binary list has its table
    return draw(damaged([whole], near=40, places=[0, back]))


PLIST: st.SearchStrategy[bytes] = _lists()


def check_plist(data: bytes) -> None:
    """Read it as an Info.plist."""
    with suppress(MalformedError):
        parse_plist(data)


# ---- executables ---------------------------------------------------------------------------------

MACHO = damaged(
    [
        thin(Thin()),
        universal(Thin(), Thin(architecture="x86_64", trie=False, signed="x")),
        thin(Thin(trie=False)),
    ],
    near=700,
    places=[0, 0, 4096, 12288, 16384, 20480],
)
ELF = damaged([shared_object(("Good_Create", "Other"))], near=600, places=[0])


def check_executable(data: bytes) -> None:
    """Read it as whatever its first bytes say."""
    with tempfile.TemporaryFile() as file, suppress(MalformedError):
        file.write(data)
        file.flush()
        window = Window(file.fileno(), 0, len(data), "the file")
        if is_macho(window):
            read_macho(window)
        elif is_elf(window):
            read_elf(window)
