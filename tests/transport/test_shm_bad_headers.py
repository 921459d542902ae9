"""Headers that cannot be true are refused with one line, whatever is wrong with them."""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import MissingError, ShmError
from lab.transport import posix_shm
from lab.transport.gecko_layout import find_header, load_layout, parse_header
from lab.transport.shm import open_reader
from tests.support.fake_gecko import L, unique_name, v1_image, v2_image
from tests.support.other_user import as_nobody


def refusal(image: bytes, layout: Literal["auto", "v1", "v2"] = "auto") -> str:
    name = unique_name()
    posix_shm.create(name, image)
    try:
        with pytest.raises(ShmError) as caught:
            open_reader(name, layout=layout).close()
    finally:
        posix_shm.unlink(name)
    text = str(caught.value)
    assert name in text
    assert "\n" not in text
    return text


def read_or_refuse(name: str, layout: Literal["v1", "v2"]) -> None:
    """Anything but `ShmError`, or a crash, fails the test."""
    with suppress(ShmError), open_reader(name, layout=layout, attach="start") as reader:
        reader.read()


def v2_with(field: str, code: str, value: int) -> bytes:
    image = v2_image()
    struct.pack_into("<" + code, image, L["V2_" + field], value)
    return bytes(image)


@pytest.mark.parametrize(
    ("field", "code", "value", "said"),
    [
        ("VERSION", "I", 3, "version 3, this reader knows 2"),
        ("TOTAL_BYTES", "Q", 1 << 40, "truncated"),
        ("BLOCK_COUNT", "I", 0, "0 entries"),
        ("BLOCK_COUNT", "I", 3, "3 entries"),
        ("BLOCK_COUNT", "I", 1 << 31, "entries"),
        ("BLOCKS_OFFSET", "Q", 0, "block table at 0"),
        ("BLOCKS_OFFSET", "Q", (1 << 64) - 64, "block table"),
        ("DATA_OFFSET", "Q", 4096 + 4, "ring at 4100"),
        ("DATA_OFFSET", "Q", 4096, "overlap"),
        ("DATA_OFFSET", "Q", (1 << 64) - 4096, "ring at"),
        ("RING_BYTES", "Q", (1 << 64) - 1, "ring at"),
        ("RING_FRAMES", "Q", 1000, "a ring of 1000 frames"),
        ("RING_FRAMES", "Q", 0, "a ring of 0 frames"),
        ("RING_FRAMES", "Q", 4096, "4096 frames of 8 bytes"),
        ("CHANNELS", "I", 0, "0 channels"),
        ("CHANNELS", "I", 65, "65 channels"),
        ("CHANNELS", "I", 3, "sample format"),
        ("SAMPLE_RATE", "I", 0, "0 Hz"),
        ("SAMPLE_FORMAT", "I", 9, "sample format 9"),
        ("TIMEBASE_DENOM", "I", 0, "timebase 1/0"),
        ("GENERATION", "Q", 3, "middle of a change"),
    ],
)
def test_a_v2_header_that_cannot_be_true_is_refused(
    field: str, code: str, value: int, said: str
) -> None:
    assert said in refusal(v2_with(field, code, value))


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (v1_image(0, 2, 48_000), "no samples"),
        (v1_image(1 << 31, 2, 48_000, room=64), "with room for 64"),
        (v1_image(64, 0, 48_000), "0 channels"),
        (v1_image(64, 3, 48_000), "for 3 channels"),
        (v1_image(64, 2, 1), "1 Hz"),
    ],
)
def test_a_v1_header_that_cannot_be_true_is_refused(image: bytes, said: str) -> None:
    assert said in refusal(image)


def test_a_v1_index_outside_the_ring_is_refused() -> None:
    image = bytearray(v1_image(64, 2, 48_000))
    struct.pack_into("<I", image, L["V1_WRITE_HEAD"], 64)
    assert "write index 64 of 64" in refusal(bytes(image))


def test_a_v1_index_in_the_middle_of_a_frame_is_refused() -> None:
    image = bytearray(v1_image(64, 2, 48_000))
    struct.pack_into("<I", image, L["V1_WRITE_HEAD"], 63)
    assert "write index 63 of 64, 2 channels" in refusal(bytes(image))


@pytest.mark.parametrize("size", [1, 19, 100, 4095])
def test_an_object_shorter_than_its_header_is_refused(size: int) -> None:
    assert "truncated" in refusal(bytes(v2_image())[:size], "v2")


def test_a_name_that_leads_nowhere_is_one_line() -> None:
    with pytest.raises(ShmError, match=r"cannot be opened .* start the host"):
        open_reader("/halt-there-is-none")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_object_of_another_user_without_permission_is_one_line() -> None:
    name = unique_name()
    posix_shm.create(name, bytes(v2_image()), mode=0o600)
    try:

        def listen() -> int:
            with pytest.raises(ShmError, match="GECKO_SHM_MODE"):
                open_reader(name)
            return 0

        assert as_nobody(listen) == 0
    finally:
        posix_shm.unlink(name)


@given(data=st.binary(min_size=0, max_size=300), at=st.integers(0, 250))
def test_a_damaged_header_is_refused_or_read_but_never_crashes(data: bytes, at: int) -> None:
    image = v2_image()
    image[at : at + len(data)] = data
    name = unique_name()
    posix_shm.create(name, bytes(image))
    try:
        read_or_refuse(name, "v2")
    finally:
        posix_shm.unlink(name)


@given(data=st.binary(min_size=20, max_size=400))
def test_no_bytes_at_all_crash_the_v1_reader(data: bytes) -> None:
    name = unique_name()
    posix_shm.create(name, data)
    try:
        read_or_refuse(name, "v1")
    finally:
        posix_shm.unlink(name)


def test_the_layout_comes_from_the_drivers_own_header() -> None:
    layout = load_layout()
    assert layout["V1_DATA"] == 20
    assert layout.text("SHM_NAME_DEFAULT") == "/GeckoAudioShm"
    assert layout["V2_MAGIC_VALUE"].to_bytes(8, "little") == b"GECKOSHM"
    # Each line that looks like a constant was read: none got lost to an odd spelling.
    lines = find_header().read_text(encoding="utf-8").splitlines()
    defines = [line.split()[1] for line in lines if line.startswith("#define GECKO_")]
    assert set(defines) - {"GECKO_SHM_H"} == {
        "GECKO_" + name for name in (*layout.numbers, *layout.texts)
    }


def test_a_header_line_that_is_no_constant_is_passed_over() -> None:
    layout = parse_header(
        "#define GECKO_A 12\n#define GECKO_B (GECKO_A + 1)\n"
        '  #define GECKO_C 0x1F /* thirty-one */\n#define GECKO_D "/x" /* name */\n'
        "#define OTHER 3\n#define GECKO_E  \\\n    5 /* a line that was \\\n too long */\n"
    )
    assert dict(layout.numbers) == {"A": 12, "C": 31, "E": 5}
    assert dict(layout.texts) == {"D": "/x"}
    with pytest.raises(ShmError, match="GECKO_B"):
        layout["B"]


def test_a_missing_header_names_the_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HAL_LAB_GECKO_SHM_H", raising=False)
    monkeypatch.setattr("pathlib.Path.is_file", lambda _: False)
    with pytest.raises(MissingError, match=r"gecko_shm\.h is not there: .* or "):
        find_header()
