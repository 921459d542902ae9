"""The v2 reader against a writer in Python."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace

import numpy as np
import pytest

from lab.errors import ShmError
from lab.signals.counter import counter
from lab.signals.counter_check import CounterCheck
from lab.transport import posix_shm
from lab.transport.shm import ShmReader, open_reader
from lab.transport.shm_types import Block, ReaderState
from lab.transport.shm_v2 import ShmReaderV2
from tests.support.fake_gecko import FakeReaders, FakeV2, L, unique_name


@pytest.fixture
def name() -> str:
    return unique_name()


@pytest.fixture(params=["inodes", "no inodes"])
def objects_told_apart_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the system says of shared memory: on macOS device and inode are 0."""
    if request.param == "no inodes":
        fstat = os.fstat

        def as_on_a_mac(fd: int) -> SimpleNamespace:
            return SimpleNamespace(st_size=fstat(fd).st_size, st_dev=0, st_ino=0)

        monkeypatch.setattr("lab.transport.posix_shm.os.fstat", as_on_a_mac)
    return str(request.param)


@pytest.fixture
def writer(name: str) -> Iterator[FakeV2]:
    with FakeV2(name) as made:
        yield made


def everything(reader: ShmReader) -> tuple[np.ndarray, int]:
    blocks = []
    while (block := reader.read()) is not None:
        blocks.append(block)
    frames = [block.frames for block in blocks]
    return np.concatenate(frames), sum(block.lost for block in blocks)


def wait_for_block(reader: ShmReader, timeout_s: float) -> Block | None:
    deadline = time.monotonic() + timeout_s
    while (block := reader.read()) is None and time.monotonic() < deadline:
        time.sleep(0.002)
    return block


def after_the_next_copy(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Let something happen once, between a reader's copy and its second look at the header."""
    gather = ShmReaderV2._gather

    def interrupted(self: ShmReaderV2, first: int, count: int) -> np.ndarray:
        frames = gather(self, first, count)
        monkeypatch.undo()
        happens()
        return frames

    monkeypatch.setattr(ShmReaderV2, "_gather", interrupted)


def test_what_is_written_is_what_is_read(writer: FakeV2) -> None:
    sent = counter(5 * 480)
    with open_reader(writer.name) as reader:
        got = []
        for block in np.split(sent, 5):
            writer.write(block)
            read = reader.read()
            assert read is not None
            got.append(read.frames)
        assert reader.read() is None
        assert reader.empty_reads == 1
    assert np.array_equal(np.concatenate(got), sent)


def test_reading_goes_on_across_the_end_of_the_ring(writer: FakeV2) -> None:
    check = CounterCheck(2)
    with open_reader(writer.name) as reader:
        for first in range(0, 20_000, 500):
            writer.write(counter(500, start_frame=first))
            block = reader.read(333)
            while block is not None:
                check.take(block.frames)
                block = reader.read(333)
    assert check.clean
    assert check.received == 20_000


def test_the_newest_reader_sees_nothing_stale_and_the_oldest_all_that_is_left(
    writer: FakeV2,
) -> None:
    for first in range(0, 3_000, 500):
        writer.write(counter(500, start_frame=first))
    with open_reader(writer.name) as newest, open_reader(writer.name, attach="oldest") as oldest:
        assert newest.available() == 0
        frames, lost = everything(oldest)
        assert lost == 0
        assert np.array_equal(frames, counter(1024, start_frame=3_000 - 1024))


def test_the_loss_of_a_stalled_reader_is_exact(writer: FakeV2) -> None:
    with open_reader(writer.name) as reader:
        for first in range(0, 5_000, 500):
            writer.write(counter(500, start_frame=first))
        block = reader.read()
        assert block is not None
        assert block.lost == 5_000 - 1024
        assert reader.lost_frames == block.lost
        assert block.first_frame == block.lost
        assert np.array_equal(block.frames, counter(1024, start_frame=block.lost))


def test_frames_overwritten_during_the_copy_are_thrown_away(
    writer: FakeV2, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(1_000))

        def overtaken() -> None:
            writer.write(counter(500, start_frame=1_000))

        after_the_next_copy(monkeypatch, overtaken)
        frames, lost = everything(reader)
        assert lost == 1_500 - 1024
        assert reader.torn_reads == 1
        assert np.array_equal(frames, counter(1024, start_frame=lost))


def test_a_block_under_way_makes_the_oldest_frames_unsafe(writer: FakeV2) -> None:
    writer.write(counter(1024))
    with open_reader(writer.name, attach="oldest") as reader:
        writer.begin(100)
        frames, lost = everything(reader)
        assert len(frames) == 924
        assert lost == 100


def test_host_times_come_with_the_frames_they_belong_to(writer: FakeV2) -> None:
    with open_reader(writer.name) as reader:
        for number in range(3):
            writer.write(counter(100), host_time=1_000 * (number + 1))
        block = reader.read(150)
        assert block is not None
        assert block.host_times["host_ns"].tolist() == [1_000, 2_000]
        assert block.host_times["first_frame"].tolist() == [0, 100]
        block = reader.read()
        assert block is not None
        assert block.host_times["host_ns"].tolist() == [3_000]
        assert block.host_times["output_ns"].tolist() == [10_003_000]
        assert block.host_times["cycle"].tolist() == [3]


def test_ticks_become_nanoseconds_by_the_writers_timebase(name: str) -> None:
    with FakeV2(name) as writer:
        writer.set("TIMEBASE_NUMER", "I", 125)
        writer.set("TIMEBASE_DENOM", "I", 3)
        with open_reader(name) as reader:
            writer.write(counter(16), host_time=24_000_000)
            block = reader.read()
            assert block is not None
            assert block.host_times["host_ns"].tolist() == [1_000_000_000]


def test_a_restart_is_seen_and_the_reader_goes_on(writer: FakeV2) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(300))
        everything(reader)
        writer.begin(100)  # dies here: 100 frames are half written
        writer.new_generation()
        writer.write(counter(50, start_frame=400))
        block = reader.read()
        assert block is not None
        assert block.new_generation
        assert block.lost == 100
        assert block.first_frame == 400
        assert reader.generation_changes == 1


def test_frames_left_unread_at_a_format_change_count_as_lost(writer: FakeV2) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(300))
        writer.new_generation(channels=1, sample_rate=44_100)
        writer.write(counter(64, channels=1))
        block = reader.read()
        assert block is not None
        assert (block.lost, block.format.channels, block.format.sample_rate) == (300, 1, 44_100)
        assert block.frames.shape == (64, 1)


def test_a_change_during_the_copy_voids_the_copy(
    writer: FakeV2, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(300))

        def changed() -> None:
            writer.new_generation()
            writer.write(counter(10, start_frame=300))

        after_the_next_copy(monkeypatch, changed)
        block = reader.read()
        assert block is not None
        assert (block.first_frame, block.lost, len(block.frames)) == (300, 300, 10)


def test_a_change_during_the_copy_counts_once_what_the_copy_would_have_skipped(
    writer: FakeV2, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_reader(writer.name) as reader:
        for first in range(0, 2_000, 500):
            writer.write(counter(500, start_frame=first))  # 976 frames more than the ring holds

        def changed() -> None:
            writer.new_generation()
            writer.write(counter(10, start_frame=2_000))

        after_the_next_copy(monkeypatch, changed)
        block = reader.read()
        assert block is not None
        assert (block.first_frame, block.lost, reader.lost_frames) == (2_000, 2_000, 2_000)


def test_another_object_under_the_name_is_followed(name: str, objects_told_apart_by: str) -> None:
    with FakeV2(name) as old, open_reader(name) as reader:
        old.write(counter(100))
        old.set("STATE", "I", L["STATE_RETIRED"])
        old.close()
        came_from = old.instance
        with FakeV2(
            name, ring_frames=2048, start_frame=130, generation=4, predecessor=came_from
        ) as new:
            new.write(counter(20, start_frame=130))
            frames, lost = everything(reader)
            assert (len(frames), lost) == (120, 30)
            assert reader.lost_frames == 30
            assert reader.format.ring_frames == 2048
            assert reader.generation_changes == 1


def test_what_was_written_right_before_the_change_of_objects_is_delivered(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeV2(name) as old, ExitStack() as stack, open_reader(name) as reader:
        another = ShmReaderV2._another_object

        def after_the_head_was_read(self: ShmReaderV2) -> bool:
            monkeypatch.undo()
            old.write(counter(100))
            old.set("STATE", "I", L["STATE_RETIRED"])
            posix_shm.unlink(name)
            new = stack.enter_context(FakeV2(name, start_frame=100, predecessor=old.instance))
            new.write(counter(20, start_frame=100))
            return another(self)

        monkeypatch.setattr(ShmReaderV2, "_another_object", after_the_head_was_read)
        frames, lost = everything(reader)
        assert lost == 0
        assert np.array_equal(frames, counter(120))


def test_an_object_that_does_not_go_on_from_ours_is_read_from_its_oldest_frame(name: str) -> None:
    """Its numbers mean something else: the difference to ours is no loss."""
    with FakeV2(name) as old, open_reader(name) as reader:
        old.write(counter(100))
        old.set("STATE", "I", L["STATE_RETIRED"])
        old.close()
        with FakeV2(name, start_frame=5_000, predecessor=old.instance + 1) as new:
            for first in range(5_000, 8_000, 500):
                new.write(counter(500, start_frame=first))
            frames, lost = everything(reader)
            assert (lost, reader.lost_frames) == (0, 0)
            assert np.array_equal(frames[:100], counter(100))
            assert np.array_equal(frames[100:], counter(1024, start_frame=8_000 - 1024))


def test_an_object_that_has_fewer_frames_than_it_goes_on_from_is_read_from_its_oldest(
    name: str,
) -> None:
    with FakeV2(name) as old, open_reader(name) as reader:
        old.write(counter(100))
        everything(reader)
        old.set("STATE", "I", L["STATE_RETIRED"])
        old.close()
        with FakeV2(name, start_frame=20, predecessor=old.instance) as new:
            new.write(counter(30, start_frame=20))
            block = reader.read()
            assert block is not None
            assert (block.first_frame, len(block.frames), reader.lost_frames) == (20, 30, 0)


@pytest.mark.parametrize("says_it_goes_on", [False, True])
def test_after_a_good_end_a_new_driver_counts_from_its_own_start(
    name: str, says_it_goes_on: bool
) -> None:
    with FakeV2(name) as old, open_reader(name) as reader:
        old.write(counter(100))
        everything(reader)
        old.set("STATE", "I", L["STATE_CLOSED"])
        old.close()
        predecessor = old.instance if says_it_goes_on else 0
        with FakeV2(name, start_frame=1_000_000, predecessor=predecessor) as new:
            new.write(counter(20, start_frame=1_000_000))
            block = reader.read()
            assert block is not None
            assert (block.first_frame, block.lost, reader.lost_frames) == (1_000_000, 0, 0)
            assert block.new_generation


def test_a_reader_stays_with_an_object_that_nobody_writes_to(
    writer: FakeV2, objects_told_apart_by: str
) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(10))
        everything(reader)
        writer.set("STATE", "I", L["STATE_RETIRED"])
        assert reader.read() is None
        assert reader.next_frame == 10
        assert reader.generation_changes == 0


def test_a_reader_is_not_stranded_when_the_object_goes_without_a_word(
    name: str, objects_told_apart_by: str
) -> None:
    with FakeV2(name) as old, open_reader(name) as reader:
        old.write(counter(10))
        everything(reader)
        old.close()
        with FakeV2(name, start_frame=10, predecessor=old.instance) as new:
            new.write(counter(5, start_frame=10))
            assert reader.wait(2.0)
            block = reader.read()
            assert block is not None
            assert len(block.frames) == 5


def test_an_object_that_is_not_finished_yet_is_waited_for(
    name: str, objects_told_apart_by: str
) -> None:
    with FakeV2(name) as old, open_reader(name) as reader:
        old.set("STATE", "I", L["STATE_CLOSED"])
        old.close()
        with FakeV2(name) as new:
            instance = new.instance
            new.set("MAGIC", "Q", 0)
            new.set("INSTANCE", "Q", 0)
            assert wait_for_block(reader, 0.1) is None
            new.set("INSTANCE", "Q", instance)
            assert wait_for_block(reader, 0.1) is None
            new.set("MAGIC", "Q", L["V2_MAGIC_VALUE"])
            new.write(counter(5))
            assert wait_for_block(reader, 1.0) is not None


@pytest.mark.parametrize("state", ["STATE_RETIRED", "STATE_CLOSED"])
def test_an_object_that_is_being_left_is_not_read_a_second_time(writer: FakeV2, state: str) -> None:
    writer.write(counter(10))
    writer.set("STATE", "I", L[state])
    with pytest.raises(ShmError, match="has left this shared memory"):
        open_reader(writer.name, attach="oldest")


def test_a_closed_stream_ends_the_iteration_and_an_empty_ring_does_not(writer: FakeV2) -> None:
    with open_reader(writer.name) as reader:

        def play() -> None:
            for first in range(0, 300, 100):
                time.sleep(0.02)
                writer.write(counter(100, start_frame=first))
            writer.set("STATE", "I", L["STATE_CLOSED"])

        player = threading.Thread(target=play)
        player.start()
        received = sum(len(block.frames) for block in reader.blocks(timeout_s=5.0))
        player.join()
        assert received == 300
        assert reader.state is ReaderState.CLOSED


def test_what_was_written_right_before_the_end_is_delivered(
    writer: FakeV2, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_reader(writer.name) as reader:
        read = ShmReaderV2.read

        def then_the_end(self: ShmReaderV2, max_frames: int | None = None) -> Block | None:
            block = read(self, max_frames)
            if block is None and writer.head == 0:
                writer.write(counter(100))
                writer.set("STATE", "I", L["STATE_CLOSED"])
            return block

        monkeypatch.setattr(ShmReaderV2, "read", then_the_end)
        assert [len(block.frames) for block in reader.blocks(timeout_s=5.0)] == [100]


def test_what_was_written_right_before_the_word_to_stop_is_delivered(writer: FakeV2) -> None:
    with open_reader(writer.name) as reader:

        def stop() -> bool:
            if writer.head == 0:
                writer.write(counter(100))
            return True

        found = [len(block.frames) for block in reader.blocks(timeout_s=5.0, stop=stop)]
        assert found == [100]


def test_frames_are_numbered_across_2_to_the_32(name: str) -> None:
    start = 2**32 - 700
    with FakeV2(name, start_frame=start) as writer, open_reader(name) as reader:
        check = CounterCheck(2)
        for step in range(0, 2_000, 250):
            writer.write(counter(250, start_frame=start + step))
            block = reader.read()
            assert block is not None
            assert block.first_frame == start + step
            check.take(block.frames)
        assert check.clean
        assert reader.next_frame == start + 2_000


def test_the_view_is_the_memory_itself_and_cannot_be_written(writer: FakeV2) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(200))
        view = reader.view()
        assert view is not None
        assert not view.flags.owndata
        assert np.array_equal(view, counter(200))
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1.0
        assert reader.advance(200)
        assert reader.view() is None


def test_advance_tells_when_the_view_was_overwritten(writer: FakeV2) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(200))
        assert reader.view() is not None
        for first in range(200, 1_400, 200):
            writer.write(counter(200, start_frame=first))
        assert not reader.advance(200)
        assert reader.torn_reads == 1
        assert reader.lost_frames == 200
        # And the block that comes next says so.
        _, lost = everything(reader)
        assert lost == reader.lost_frames == 1_400 - 1024


def test_a_reader_claims_a_slot_tells_where_it_is_and_gives_it_back(writer: FakeV2) -> None:
    with FakeReaders(writer.name) as readers:
        readers.take(0, 1)  # process 1 lives
        with open_reader(writer.name) as reader:
            assert isinstance(reader, ShmReaderV2)
            assert reader.slot == 1
            assert readers.slot(1, "OWNER_PID", "I") == os.getpid()
            for first in range(0, 3_000, 500):
                writer.write(counter(500, start_frame=first))
            reader.read()
            assert readers.slot(1, "READ_HEAD") == 3_000
            assert readers.slot(1, "LOST_FRAMES") == 3_000 - 1024
            assert readers.slot(1, "GENERATION") == 2
            assert readers.slot(1, "HEARTBEAT") > 0
        assert readers.slot(1, "OWNER_PID", "I") == 0


def test_the_slot_of_a_dead_reader_is_taken_over(writer: FakeV2) -> None:
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, encoding="utf-8", check=True)  # fmt: skip
    with FakeReaders(writer.name) as readers:
        readers.take(0, int(done.stdout))
        with open_reader(writer.name) as reader:
            assert isinstance(reader, ShmReaderV2)
            assert reader.slot == 0


@pytest.mark.parametrize("how", ["new generation", "new object"])
def test_a_slot_is_claimed_anew_in_the_readers_object_of_the_next_driver(
    name: str, objects_told_apart_by: str, how: str
) -> None:
    with FakeV2(name) as old, FakeReaders(name) as first, open_reader(name) as reader:
        assert first.slot(0, "OWNER_PID", "I") == os.getpid()
        posix_shm.unlink(first.name)
        with FakeReaders(name) as second:
            if how == "new generation":
                old.new_generation()
                old.write(counter(100))
                assert reader.read() is not None
                assert second.slot(0, "READ_HEAD") == 100
            else:
                old.set("STATE", "I", L["STATE_RETIRED"])
                old.close()
                with FakeV2(name, start_frame=70, predecessor=old.instance) as new:
                    new.write(counter(100))
                    assert reader.read() is not None
                    assert second.slot(0, "READ_HEAD") == 170
            assert second.slot(0, "OWNER_PID", "I") == os.getpid()
            assert first.slot(0, "OWNER_PID", "I") == 0


def test_a_reader_keeps_its_slot_over_a_generation_of_the_same_driver(writer: FakeV2) -> None:
    with FakeReaders(writer.name) as readers, open_reader(writer.name) as reader:
        readers.take(1, 0)
        writer.new_generation()
        writer.write(counter(10))
        assert reader.read() is not None
        assert isinstance(reader, ShmReaderV2)
        assert reader.slot == 0
        assert readers.slot(1, "OWNER_PID", "I") == 0


def test_a_reader_without_a_slot_reads_all_the_same(writer: FakeV2) -> None:
    with FakeReaders(writer.name) as readers:
        for index in range(L["READERS_SLOT_COUNT_VALUE"]):
            readers.take(index, 1)
        with open_reader(writer.name) as reader:
            assert isinstance(reader, ShmReaderV2)
            assert reader.slot is None
            writer.write(counter(10))
            assert reader.read() is not None


def test_a_head_that_goes_back_without_a_new_generation_is_refused(writer: FakeV2) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(100))
        reader.read()
        writer.set("WRITE_HEAD", "Q", 50)
        with pytest.raises(ShmError, match="went back from 100 to 50"):
            reader.read()


def test_a_header_that_turns_hostile_with_a_new_generation_is_refused(writer: FakeV2) -> None:
    with open_reader(writer.name) as reader:
        writer.new_generation(ring_frames=1 << 22)
        with pytest.raises(ShmError, match="4194304 frames of 8 bytes"):
            reader.read()


def test_a_writer_that_dies_in_the_middle_of_a_change_is_told(writer: FakeV2) -> None:
    with open_reader(writer.name) as reader:
        writer.set("GENERATION", "Q", 3)
        with pytest.raises(ShmError, match="stopped in the middle of a change"):
            reader.read()


def test_an_object_that_shrinks_under_its_reader_is_an_error_not_a_crash(writer: FakeV2) -> None:
    with open_reader(writer.name) as reader:
        writer.write(counter(10))
        os.truncate(writer.mapping.fd, 4096)
        with pytest.raises(ShmError, match="shrunk"):
            reader.read()
