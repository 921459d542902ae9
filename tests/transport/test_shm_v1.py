"""The v1 reader: what it can do, and that it keeps the flaws of its design."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from lab.errors import ShmError
from lab.signals.counter import counter
from lab.transport.shm import open_reader
from lab.transport.shm_types import ReaderState
from lab.transport.shm_v1 import ShmReaderV1
from tests.support.fake_gecko import FakeV1, L, unique_name


@pytest.fixture
def writer() -> Iterator[FakeV1]:
    with FakeV1(unique_name()) as made:
        yield made


def test_the_layout_is_recognised_by_the_missing_magic(writer: FakeV1) -> None:
    with open_reader(writer.name) as reader:
        assert reader.format.layout == "v1"
        assert reader.state is ReaderState.UNKNOWN


def test_what_is_written_is_what_is_read_across_the_end_of_the_ring(writer: FakeV1) -> None:
    with open_reader(writer.name) as reader:
        got = []
        for first in range(0, 3_000, 500):
            writer.write(counter(500, start_frame=first))
            block = reader.read()
            assert block is not None
            assert block.lost == 0
            got.append(block.frames)
    assert np.array_equal(np.concatenate(got), counter(3_000))


def test_the_reader_writes_its_index_into_the_object(writer: FakeV1) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(100))
        reader.read()
        assert writer.read_head == 200


def test_a_read_only_reader_does_not(writer: FakeV1) -> None:
    with ShmReaderV1(writer.name, share_read_head=False) as reader:
        writer.write(counter(100))
        assert reader.read() is not None
        assert writer.read_head == 0


def test_a_full_ring_looks_empty(writer: FakeV1) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(1024))
        assert reader.available() == 0
        assert reader.read() is None


def test_a_loss_is_not_noticed(writer: FakeV1) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(1_000))
        writer.write(counter(100, start_frame=1_000))
        block = reader.read()
        assert block is not None
        assert (len(block.frames), block.lost, reader.lost_frames) == (76, 0, 0)


def test_attaching_the_way_of_the_design_reads_stale_audio(writer: FakeV1) -> None:
    writer.write(counter(1_500))
    with open_reader(writer.name, attach="start") as reader:
        block = reader.read()
        assert block is not None
        # Index 0 to the writer: frames 1024 to 1500, written long ago.
        assert np.array_equal(block.frames, counter(476, start_frame=1024))


def test_the_view_ends_at_the_end_of_the_ring(writer: FakeV1) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(1_000))
        view = reader.view()
        assert view is not None
        assert len(view) == 1_000
        assert reader.advance(1_000)
        writer.write(counter(100, start_frame=1_000))
        view = reader.view()
        assert view is not None
        assert len(view) == 24


def test_a_write_index_in_the_middle_of_a_frame_is_refused(writer: FakeV1) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(10))
        writer.put("I", L["V1_WRITE_HEAD"], 21)
        for look in (reader.read, reader.view, reader.available):
            with pytest.raises(ShmError, match="write index 21 of 2048, 2 channels"):
                look()


class Restless:
    """A header whose channels are 2 when they are looked at first, and 0 from then on."""

    def __init__(self, memory: mmap.mmap) -> None:
        self.fields = memoryview(memory)[: L["V1_DATA"]].cast("I")
        self.looks = 0

    def __getitem__(self, at: int | slice) -> Restless | int:
        if isinstance(at, slice):
            return self
        if at == L["V1_CHANNELS"] // 4:
            self.looks += 1
            return 2 if self.looks == 1 else 0
        return self.fields[at]

    def __setitem__(self, at: int, value: int) -> None:
        self.fields[at] = value

    def cast(self, _: str) -> Restless:
        return self

    def release(self) -> None:
        self.fields.release()


def test_a_header_that_changes_after_it_was_checked_does_not_matter(
    writer: FakeV1, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.transport.shm_v1.memoryview", Restless, raising=False)
    with ShmReaderV1(writer.name) as reader:
        writer.write(counter(10))
        block = reader.read()
        assert block is not None
        assert np.array_equal(block.frames, counter(10))


class RealTime:
    """Time that passes only while somebody sleeps, and a writer that writes a block each period.

    Its clock runs `fast` times as fast as it should; a sleep takes 60 us longer than asked for.
    """

    def __init__(self, writer: FakeV1, period_s: float, fast: float = 1.0) -> None:
        self.writer = writer
        self.block = counter(480)
        self.period_s = period_s / fast
        self.now = 100.0
        self.written_at = [self.now]
        self.sleeps = 0

    def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        self.now += seconds + 60e-6
        while self.now >= self.written_at[-1] + self.period_s:
            self.writer.write(self.block)
            self.written_at.append(self.written_at[-1] + self.period_s)

    def stands_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        time = SimpleNamespace(
            monotonic=lambda: self.now,
            monotonic_ns=lambda: round(self.now * 1e9),
            sleep=self.sleep,
        )
        for module in ("shm", "shm_v1"):
            monkeypatch.setattr(f"lab.transport.{module}.time", time)


@pytest.mark.parametrize("fast", [1.0, 1.001, 0.999])
def test_a_reader_that_knows_the_period_looks_when_a_block_is_due(
    monkeypatch: pytest.MonkeyPatch, fast: float
) -> None:
    with FakeV1(unique_name(), ring_frames=4096) as writer, open_reader(writer.name) as reader:
        time = RealTime(writer, period_s=0.01, fast=fast)
        time.stands_in(monkeypatch)
        late = []
        for _ in range(200):
            assert reader.wait(1.0)
            block = reader.read()
            assert block is not None
            assert len(block.frames) == 480
            late.append(time.now - time.written_at[-1])
        # Polling each millisecond would be ten sleeps a block, and half a millisecond late.
        assert time.sleeps < 2 * 200
        assert np.mean(late[10:]) < 0.25e-3
        assert max(late[10:]) < 0.5e-3


def test_a_reader_that_knows_the_period_is_not_misled_by_a_pause(
    writer: FakeV1, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_reader(writer.name) as reader:
        time = RealTime(writer, period_s=0.01)
        time.stands_in(monkeypatch)
        for _ in range(5):
            assert reader.wait(1.0)
            assert reader.read() is not None
        time.written_at[-1] += 0.333  # IO stops, and starts again
        for _ in range(10):
            assert reader.wait(1.0)
            assert reader.read() is not None
            assert time.now - time.written_at[-1] < 1.2e-3


def test_a_reader_does_not_believe_a_period_that_the_writer_does_not_keep(
    writer: FakeV1, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In virtual time blocks come as fast as they can be made."""
    with open_reader(writer.name) as reader:
        time = RealTime(writer, period_s=0.002)
        time.stands_in(monkeypatch)
        for _ in range(50):
            assert reader.wait(1.0)
            block = reader.read()
            assert block is not None
            assert len(block.frames) == 480
