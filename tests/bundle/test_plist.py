"""Property lists: what is read, and bombs that are not."""

from __future__ import annotations

import plistlib
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.bundle.plist import MAX_BYTES, MAX_DEPTH, MAX_VALUES, parse_plist, read_plist
from lab.bundle.window import MalformedError
from tests.support.driver_bundle import info

SECONDS = 1.0

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (i + 1, b"&a%d;" % i * 10) for i in range(12))
    + b"]><plist><dict><key>x</key><string>&a12;</string></dict></plist>"
)


def binary(objects: list[bytes], *, width: int = 1, top: int = 0) -> bytes:
    """A binary list of these objects, whatever they say."""
    body, offsets = b"bplist00", []
    for one in objects:
        offsets.append(len(body))
        body += one
    table = len(body)
    body += b"".join(offset.to_bytes(4, "big") for offset in offsets)
    return body + struct.pack(">6x2B3Q", 4, width, len(objects), top, table)


def shared(objects: int, references: int) -> bytes:
    """Many objects that all are the same long array: each would be read anew."""
    array = b"\xaf\x11" + struct.pack(">H", references)
    body = b"bplist00" + b"\xd1\x00\x01" + b"\x51a" + array + b"\x00\x01" * references
    table = len(body)
    offsets = [8, 11] + [13] * (objects - 2)
    body += b"".join(offset.to_bytes(4, "big") for offset in offsets)
    return body + struct.pack(">6x2B3Q", 4, 2, objects, 0, table)


def nested(depth: int) -> bytes:
    inner = b"<array>" * depth + b"</array>" * depth
    return b"<plist><dict><key>a</key>" + inner + b"</dict></plist>"


def deep_binary(depth: int) -> bytes:
    """An array within an array, `depth` times, below the dictionary."""
    objects = [b"\xd1" + struct.pack(">2H", 1, 2), b"\x51a"]
    objects += [b"\xa1" + struct.pack(">H", index + 1) for index in range(2, 2 + depth)]
    objects.append(b"\x51b")
    return binary(objects, width=2)


WRONG: dict[str, bytes] = {
    "nothing": b"",
    "text": b"hello",
    "cut off": plistlib.dumps(info())[:200],
    "binary cut off": plistlib.dumps(info(), fmt=plistlib.FMT_BINARY)[:-9],
    "an array": plistlib.dumps([1]),
    "entities": BOMB,
    "external entity": b'<!DOCTYPE plist [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b"<plist><dict><key>a</key><string>&x;</string></dict></plist>",
    "too deep": nested(MAX_DEPTH + 1),
    "far too deep": nested(60_000),
    "too many": b"<plist><dict><key>a</key><array>"
    + b"<true/>" * (MAX_VALUES + 1)
    + b"</array></dict></plist>",
    "far too many": b"<plist><dict>" + b"<a/>" * (MAX_BYTES // 4 - 8),
    "binary too deep": deep_binary(MAX_DEPTH + 1),
    "binary far too deep": deep_binary(15_000),
    "in itself": binary([b"\xd1\x01\x02", b"\x51a", b"\xa1\x02"]),
    "dictionary in itself": binary([b"\xd1\x01\x00", b"\x51a"]),
    "one array as twenty thousand objects": shared(19_000, 60_000),
    "one text as ten thousand objects": binary(
        [b"\xd1\x01\x02", b"\x51a", b"\x6f\x12\x00\x03\xff\xff"]
    ),
    "more objects than bytes": b"bplist00" + struct.pack(">6x2B3Q", 1, 1, 1 << 62, 0, 8),
    "endless length": binary([b"\xaf\x13" + b"\xff" * 8]),
    "key that is no text": binary([b"\xd1\x01\x01", b"\x10\x01"]),
    "unknown encoding": b'<?xml version="1.0" encoding="klingon"?><plist><dict/></plist>',
    "number of a million digits": b"<plist><dict><key>a</key><integer>"
    + b"9" * 900_000
    + b"</integer></dict></plist>",
    "no date": b"<plist><dict><key>a</key><date>2001-99-99T99:99:99Z</date></dict></plist>",
    "stray value": b"<plist><dict><string>a</string></dict></plist>",
    "stray key": b"<plist><key>a</key></plist>",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_soon_and_in_one_line(name: str) -> None:
    began = time.process_time()
    with pytest.raises(MalformedError) as raised:
        parse_plist(WRONG[name])
    assert time.process_time() - began < SECONDS
    assert len(str(raised.value).splitlines()) == 1


def test_a_list_in_a_list_up_to_the_bound_is_read() -> None:
    assert parse_plist(nested(MAX_DEPTH - 1))
    assert parse_plist(deep_binary(MAX_DEPTH - 2))


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "Info.plist"
    with path.open("wb") as file:
        file.truncate(4 << 30)
    with pytest.raises(MalformedError, match="4294967296 bytes"):
        read_plist(path)


plain = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text("abc\u20ac", max_size=9)
    | st.binary(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abc", max_size=3), plain, max_size=4), st.booleans())
def test_what_plistlib_writes_is_read(value: dict[str, Any], as_binary: bool) -> None:
    form = plistlib.FMT_BINARY if as_binary else plistlib.FMT_XML
    assert parse_plist(plistlib.dumps(value, fmt=form)) == value


GOOD = [plistlib.dumps(info()), plistlib.dumps(info(), fmt=plistlib.FMT_BINARY)]
edits = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=8)


@given(st.sampled_from(GOOD), edits, st.integers(0, 1 << 16))
def test_a_damaged_list_is_read_or_refused(
    data: bytes, changes: list[tuple[int, int]], keep: int
) -> None:
    damaged = bytearray(data)
    for at, value in changes:
        damaged[at % len(damaged)] = value
    if keep % 3 == 0:
        damaged = damaged[: keep % len(damaged)]
    began = time.process_time()
    with suppress(MalformedError):
        assert isinstance(parse_plist(bytes(damaged)), dict)
    assert time.process_time() - began < SECONDS


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for start in (b"", b"bplist00"):
        with pytest.raises(MalformedError):
            parse_plist(start + data)
