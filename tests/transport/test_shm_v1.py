"""The v1 reader: what it can do, and that it keeps the flaws of its design."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lab.signals.counter import counter
from lab.transport.shm import open_reader
from lab.transport.shm_types import ReaderState
from lab.transport.shm_v1 import ShmReaderV1
from tests.support.fake_gecko import FakeV1, unique_name


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
