"""A driver's end of the shared memory in Python, so that readers can be tested without C.

It also does what a good driver never does: it stops in the middle of a block.
"""

from __future__ import annotations

import itertools
import os
import secrets
import struct
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lab.transport import posix_shm
from lab.transport.gecko_layout import load_layout

L = load_layout()
_serial = itertools.count()


def unique_name() -> str:
    return f"/halt-{os.getpid()}-{next(_serial)}"


def new_instance() -> int:
    return secrets.randbits(63) + 1


class FakeWriter:
    """What both layouts share."""

    def __init__(self, name: str, image: bytes, mode: int = 0o600) -> None:
        self.name = name
        posix_shm.create(name, image, mode=mode)
        self.mapping = posix_shm.open_mapping(name, writable=True)

    def put(self, code: str, offset: int, value: float) -> None:
        """Store one field."""
        struct.pack_into("<" + code, self.mapping.memory, offset, value)

    def get(self, code: str, offset: int) -> Any:
        """Load one field."""
        return struct.unpack_from("<" + code, self.mapping.memory, offset)[0]

    def close(self) -> None:
        """Take the name away and unmap."""
        posix_shm.unlink(self.name)
        self.mapping.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FakeV1(FakeWriter):
    """Layout v1."""

    def __init__(
        self, name: str, *, ring_frames: int = 1024, channels: int = 2, rate: int = 48_000
    ) -> None:
        self.channels, self.samples, self.index = channels, ring_frames * channels, 0
        super().__init__(name, v1_image(self.samples, channels, rate))

    def write(self, frames: NDArray[np.float32]) -> None:
        """Write a whole block."""
        for sample in frames.reshape(-1):
            self.put("f", L["V1_DATA"] + 4 * self.index, float(sample))
            self.index = (self.index + 1) % self.samples
        self.put("I", L["V1_WRITE_HEAD"], self.index)

    @property
    def read_head(self) -> int:
        """The index that the reader stored."""
        return int(self.get("I", L["V1_READ_HEAD"]))


def v1_image(samples: int, channels: int, rate: int, *, room: int | None = None) -> bytes:
    image = bytearray(L["V1_DATA"] + 4 * (samples if room is None else room))
    struct.pack_into("<I", image, L["V1_BUFFER_SIZE"], samples)
    struct.pack_into("<I", image, L["V1_CHANNELS"], channels)
    struct.pack_into("<I", image, L["V1_SAMPLE_RATE"], rate)
    return bytes(image)


def v2_image(
    *,
    ring_frames: int = 1024,
    channels: int = 2,
    rate: int = 48_000,
    block_count: int = 64,
    start_frame: int = 0,
    generation: int = 2,
    predecessor: int = 0,
) -> bytearray:
    """A sound, empty object."""
    data = L["V2_HEADER_BYTES"] + block_count * L["V2_BLOCK_BYTES"]
    data = -(-data // 4096) * 4096
    ring_bytes = -(-ring_frames * channels * 4 // 4096) * 4096
    image = bytearray(data + ring_bytes)
    fields = {
        "MAGIC": ("Q", L["V2_MAGIC_VALUE"]),
        "VERSION": ("I", L["V2_VERSION_VALUE"]),
        "BLOCK_COUNT": ("I", block_count),
        "TOTAL_BYTES": ("Q", len(image)),
        "DATA_OFFSET": ("Q", data),
        "RING_BYTES": ("Q", ring_bytes),
        "BLOCKS_OFFSET": ("Q", L["V2_HEADER_BYTES"]),
        "INSTANCE": ("Q", new_instance()),
        "PREDECESSOR": ("Q", predecessor),
        "RING_FRAMES": ("Q", ring_frames),
        "GENERATION_START": ("Q", start_frame),
        "CHANNELS": ("I", channels),
        "SAMPLE_RATE": ("I", rate),
        "SAMPLE_FORMAT": ("I", L["FORMAT_FLOAT32"]),
        "BYTES_PER_FRAME": ("I", channels * 4),
        "OVERRUN_POLICY": ("I", L["OVERRUN_OVERWRITE"]),
        "WRITER_PID": ("I", os.getpid()),
        "TIMEBASE_NUMER": ("I", 1),
        "TIMEBASE_DENOM": ("I", 1),
        "GENERATION": ("Q", generation),
        "STATE": ("I", L["STATE_RUNNING"]),
        "WRITE_CLAIM": ("Q", start_frame),
        "WRITE_HEAD": ("Q", start_frame),
    }
    for name, (code, value) in fields.items():
        struct.pack_into("<" + code, image, L["V2_" + name], value)
    return image


class FakeV2(FakeWriter):
    """Layout v2."""

    def __init__(self, name: str, *, mode: int = 0o600, **options: int) -> None:
        image = v2_image(**options)
        super().__init__(name, bytes(image), mode)
        self.head = self.f("WRITE_HEAD", "Q")
        self.instance = self.f("INSTANCE", "Q")
        self.block = 0

    def f(self, name: str, code: str) -> int:
        """A header field by its short name."""
        return int(self.get(code, L["V2_" + name]))

    def set(self, name: str, code: str, value: int) -> None:
        """Store a header field by its short name."""
        self.put(code, L["V2_" + name], value)

    def begin(self, frames: int) -> None:
        """Claim a block."""
        self.set("WRITE_CLAIM", "Q", self.head + frames)

    def fill(self, frames: NDArray[np.float32]) -> None:
        """Write the audio of the block."""
        ring_frames, channels = self.f("RING_FRAMES", "Q"), self.f("CHANNELS", "I")
        ring = np.frombuffer(
            self.mapping.memory,
            dtype="<f4",
            count=ring_frames * channels,
            offset=self.f("DATA_OFFSET", "Q"),
        ).reshape(ring_frames, channels)
        ring[(self.head + np.arange(len(frames))) % ring_frames] = frames

    def commit(self, frames: int, host_time: int = 0) -> None:
        """Publish the block."""
        at = L["V2_HEADER_BYTES"] + (self.block % self.f("BLOCK_COUNT", "I")) * L["V2_BLOCK_BYTES"]
        self.put("Q", at + L["V2_BLOCK_FIRST_FRAME"], self.head)
        self.put("Q", at + L["V2_BLOCK_HOST_TIME"], host_time)
        self.put("Q", at + L["V2_BLOCK_OUTPUT_TIME"], host_time + 10_000_000)
        self.put("d", at + L["V2_BLOCK_OUTPUT_SAMPLE_TIME"], float(self.head))
        self.put("I", at + L["V2_BLOCK_FRAMES"], frames)
        self.put("Q", at + L["V2_BLOCK_CYCLE"], self.block + 1)
        self.block += 1
        self.put("Q", at + L["V2_BLOCK_SEQUENCE"], self.block)
        self.head += frames
        self.set("BLOCK_HEAD", "Q", self.block)
        self.set("WRITE_HEAD", "Q", self.head)

    def write(self, frames: NDArray[np.float32], host_time: int = 0) -> None:
        """Write a whole block."""
        self.begin(len(frames))
        self.fill(frames)
        self.commit(len(frames), host_time)

    def new_generation(self, **fields: int) -> None:
        """A restart, or a change of format, in place."""
        codes = {"ring_frames": "Q", "channels": "I", "sample_rate": "I", "start": "Q"}
        generation = self.f("GENERATION", "Q")
        self.set("GENERATION", "Q", generation + 1)
        self.head = fields.pop("start", max(self.head, self.f("WRITE_CLAIM", "Q")))
        for name, value in fields.items():
            self.set(name.upper(), codes[name], value)
        self.set("BYTES_PER_FRAME", "I", self.f("CHANNELS", "I") * 4)
        for name in ("GENERATION_START", "WRITE_CLAIM", "WRITE_HEAD"):
            self.set(name, "Q", self.head)
        self.set("GENERATION", "Q", generation + 2)


class FakeReaders:
    """The readers' object."""

    def __init__(self, name: str, *, mode: int = 0o666) -> None:
        self.name = name + L.text("READERS_SUFFIX")
        count = L["READERS_SLOT_COUNT_VALUE"]
        image = bytearray(L["READERS_SLOTS"] + count * L["READERS_SLOT_BYTES"])
        struct.pack_into("<Q", image, L["READERS_MAGIC"], L["READERS_MAGIC_VALUE"])
        struct.pack_into("<I", image, L["READERS_VERSION"], L["V2_VERSION_VALUE"])
        struct.pack_into("<I", image, L["READERS_SLOT_COUNT"], count)
        struct.pack_into("<Q", image, L["READERS_INSTANCE"], new_instance())
        posix_shm.create(self.name, bytes(image), mode=mode)
        self.mapping = posix_shm.open_mapping(self.name, writable=True)

    def slot(self, index: int, field: str, code: str = "Q") -> int:
        """A field of a slot."""
        at = L["READERS_SLOTS"] + index * L["READERS_SLOT_BYTES"] + L["SLOT_" + field]
        return int(struct.unpack_from("<" + code, self.mapping.memory, at)[0])

    def take(self, index: int, pid: int) -> None:
        """Give a slot to a process."""
        at = L["READERS_SLOTS"] + index * L["READERS_SLOT_BYTES"] + L["SLOT_OWNER_PID"]
        struct.pack_into("<I", self.mapping.memory, at, pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        posix_shm.unlink(self.name)
        self.mapping.close()
