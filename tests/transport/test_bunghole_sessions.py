"""What happens on a connection, in virtual time: no socket, no clock, no thread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.signals.sine import sine
from lab.transport.bunghole.guest import Guest
from lab.transport.bunghole.journal import Journal
from lab.transport.bunghole.limits import Bucket, Limits
from lab.transport.bunghole.microphone import InputSession, MicrophonePacket, Pace
from lab.transport.bunghole.outbox import Make, Outbox
from lab.transport.bunghole.receiver import OutputSession
from lab.transport.bunghole.recording import PacketFlag, Room, stage_times_ns
from lab.transport.bunghole.session import NEVER_NS, Ending
from lab.transport.opus import Encoder
from tests.support import scripted_bunghole as by_hand
from tests.support.fake_link import FakeLink
from tests.support.scripted_bunghole import SILENT_PACKET, v1_frame, v2_audio

MS = 1_000_000
S = 1_000 * MS
LIMITS = Limits()


@dataclass
class Rig:
    """A guest's output session, its link, and the time."""

    guest: Guest
    session: OutputSession
    link: FakeLink
    journal: Journal
    now_ns: int

    def feed(self, data: bytes, after_ns: int = 0) -> None:
        self.now_ns += after_ns
        self.session.received(data, self.now_ns)

    def wait(self, ns: int) -> None:
        """As a listener does: tick whenever something is due."""
        end = self.now_ns + ns
        while self.session.due_ns() <= end and not self.link.endings:
            self.now_ns = max(self.now_ns, self.session.due_ns())
            self.session.tick(self.now_ns)
            self.link.sent(self.now_ns)
        self.now_ns = end


def rig(*, room_s: float = 60, offers_v2: bool = True, guest: Guest | None = None) -> Rig:
    now_ns = 10**12
    journal = Journal()
    guest = guest or Guest("guest", Room(room_s), LIMITS, now_ns=lambda: now_ns)
    session = OutputSession(guest, LIMITS, journal, word="vsock", offers_v2=offers_v2)
    link = FakeLink()
    session.opened(link, now_ns)
    return Rig(guest, session, link, journal, now_ns)


def v2_rig(*, room_s: float = 60) -> Rig:
    made = rig(room_s=room_s)
    made.feed(by_hand.SWITCH)
    made.link.sent(made.now_ns)
    return made


# ---- receiving -----------------------------------------------------------------------------------


def test_the_first_bytes_are_the_offer_and_a_host_of_the_old_kind_makes_none() -> None:
    made = rig()
    assert made.link.sent(made.now_ns) == by_hand.OFFER
    old = rig(offers_v2=False)
    old.feed(v1_frame())
    assert old.link.sent(old.now_ns) == b""
    assert old.guest.packets == 1


def test_the_log_has_the_lines_of_the_seed_once_for_each_connection() -> None:
    made = rig()
    for _ in range(3):
        made.feed(v1_frame())
    assert made.journal.lines == (
        "audio: vsock guest connected (guest)",
        "audio: first vsock packet (3 bytes)",
    )


def test_v1_says_that_it_cannot_tell_what_was_lost() -> None:
    made = rig()
    for _ in range(10):
        made.feed(v1_frame(), 20 * MS)
    summary = made.guest.summary("vsock")
    assert (summary.wire, summary.packets, summary.lost) == ("v1", 10, None)
    assert summary.recorded_frames == 9_600
    assert summary.transport == "vsock"


def test_a_gap_is_concealed_up_to_five_packets_and_the_table_says_so() -> None:
    made = v2_rig()
    made.feed(v2_audio(0) + v2_audio(1))
    made.feed(v2_audio(4), 60 * MS)
    made.feed(v2_audio(25), 420 * MS)
    summary = made.guest.summary("vsock")
    assert (summary.lost, summary.concealed, summary.packets) == (22, 7, 4)
    assert summary.recorded_frames == (4 + 7) * 960
    recorder = made.guest.recorder
    assert recorder is not None
    rows = recorder.packets()
    assert rows["lost"].tolist() == [0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 20]
    concealed = rows[rows["flags"] & PacketFlag.CONCEALED != 0]
    assert concealed["sequence"].tolist() == [2, 3, 20, 21, 22, 23, 24]
    assert rows["recorded_frame"].tolist() == [960 * i for i in range(11)]


def test_packets_that_came_again_or_too_late_have_a_row_and_bring_nothing() -> None:
    made = v2_rig()
    made.feed(v2_audio(0) + v2_audio(2) + v2_audio(2) + v2_audio(1) + v2_audio(3))
    recorder = made.guest.recorder
    assert recorder is not None
    rows = recorder.packets()
    left_out = rows[rows["frames"] == 0]
    assert left_out["sequence"].tolist() == [2, 1]
    assert left_out["flags"].tolist() == [PacketFlag.DUPLICATE, PacketFlag.REORDERED]
    assert left_out["recorded_frame"].tolist() == [3 * 960] * 2
    assert made.guest.summary("vsock").recorded_frames == 4 * 960


def test_a_gap_of_less_than_a_packet_is_concealed_to_the_nearest_2_5_ms() -> None:
    made = v2_rig()
    made.feed(v2_audio(0) + v2_audio(2, first_frame=960 + 500))
    made.feed(v2_audio(4, first_frame=2 * 960 + 500 + 40), 40 * MS)
    summary = made.guest.summary("vsock")
    assert (summary.lost, summary.lost_frames, summary.misnumbered) == (2, 540, 0)
    # 480 for 500 frames, none for 40.
    assert summary.recorded_frames == 3 * 960 + 480
    recorder = made.guest.recorder
    assert recorder is not None
    rows = recorder.packets()
    assert rows["frames"].tolist() == [960, 480, 960, 960]
    assert rows["first_frame"].tolist() == [0, 980, 1460, 2460]


def test_garbage_opus_is_concealed_counted_and_said_once_and_the_next_packet_is_good() -> None:
    made = rig()
    made.feed(v1_frame(b"\xff\x00") * 5 + v1_frame())
    summary = made.guest.summary("vsock")
    assert (summary.packets, summary.undecodable, summary.concealed) == (6, 5, 5)
    assert made.journal.counts["undecodable"] == 5
    assert sum("no Opus" in line for line in made.journal.lines) == 1
    assert made.link.endings == []


def test_packets_of_other_lengths_than_20_ms_are_decoded_and_counted() -> None:
    made = rig()
    # Two frames of 20 ms in one packet (code 1).
    made.feed(v1_frame(bytes.fromhex("fd ff fe ff fe")))
    summary = made.guest.summary("vsock")
    assert (summary.odd_lengths, summary.frames) == (1, 1920)


@pytest.mark.parametrize("length", [b"\x00\x00", b"\x05\xdd"])
def test_length_0_and_1501_close_the_connection_and_what_came_before_is_kept(length: bytes) -> None:
    made = rig()
    made.feed(v1_frame() + length + v1_frame())
    assert made.link.endings == [Ending.PROTOCOL]
    assert made.guest.packets == 1
    assert made.journal.counts[Ending.PROTOCOL] == 1


def test_single_bytes_are_as_good_as_whole_frames() -> None:
    data = v1_frame() * 2 + by_hand.SWITCH + v2_audio(9) + by_hand.ping(4)
    made = rig()
    for byte in data:
        made.feed(bytes([byte]))
    summary = made.guest.summary("vsock")
    assert (summary.wire, summary.packets, summary.pings) == ("v1 and v2", 3, 1)


def test_a_frame_that_does_not_end_in_2_s_closes_however_slowly_it_grows() -> None:
    made = rig()
    data = by_hand.v1_frame(bytes(1500))
    for i in range(19):
        made.feed(data[i : i + 1])
        made.wait(100 * MS)
        assert made.link.endings == []
    made.feed(data[19:20])
    made.wait(100 * MS)
    assert made.link.endings == [Ending.UNFINISHED]


def test_frames_that_end_may_each_take_their_time() -> None:
    made = rig()
    for _ in range(10):
        frame = v1_frame()
        made.feed(frame[:3])
        made.wait(1_900 * MS)
        made.feed(frame[3:])
    assert made.link.endings == []
    assert made.guest.packets == 10


def test_a_v2_peer_that_says_nothing_for_3_s_is_half_open() -> None:
    made = v2_rig()
    made.wait(2_999 * MS)
    assert made.link.endings == []
    made.wait(1 * MS)
    assert made.link.endings == [Ending.HALF_OPEN]


def test_a_v2_peer_that_only_pings_stays() -> None:
    made = v2_rig()
    for i in range(30):
        made.feed(by_hand.ping(i, idle=True))
        made.wait(1 * S)
    assert made.link.endings == []


def test_a_silent_v1_peer_may_be_idle_and_only_gives_way() -> None:
    made = rig()
    made.feed(v1_frame())
    gives_way = []
    for wait_ns in (9_999 * MS, 3_600 * S):
        made.wait(wait_ns)
        gives_way.append(made.session.gives_way)
    assert made.link.endings == []
    assert made.session.due_ns() == NEVER_NS
    assert made.journal.counts["silent"] == 1
    made.feed(v1_frame())
    gives_way.append(made.session.gives_way)
    assert gives_way == [False, True, False]


def test_pings_are_answered_and_asked_each_second_and_give_the_offset() -> None:
    made = rig()
    ahead = 7 * S
    made.link.sent(made.now_ns)
    made.feed(by_hand.SWITCH)
    asked = made.link.sent(made.now_ns)
    assert asked == by_hand.ping(made.now_ns)
    heard = made.now_ns + 2 * MS + ahead
    made.feed(by_hand.pong(made.now_ns, heard, heard + MS), 5 * MS)
    best = made.guest.clock.best
    assert best is not None
    assert (best.offset_ns, best.uncertainty_ns) == (ahead, 2 * MS)
    made.feed(by_hand.ping(77))
    assert made.link.sent(made.now_ns + 5) == by_hand.pong(77, made.now_ns, made.now_ns + 5)
    made.feed(by_hand.ping(78))
    made.now_ns += 1 * S
    made.session.tick(made.now_ns)
    assert by_hand.ping(made.now_ns) in made.link.sent(made.now_ns)


def test_a_pong_to_a_question_that_nobody_asked_is_refused() -> None:
    made = v2_rig()
    made.feed(by_hand.pong(123, 1, 1))
    assert made.guest.clock.refused == 1
    assert made.guest.clock.best is None


def test_a_flood_of_pings_is_answered_with_few_pongs() -> None:
    made = v2_rig()
    made.feed(by_hand.ping(1) * 5_000)
    assert len(made.link.outbox) <= LIMITS.queued_control
    assert made.link.rests > 0
    assert made.guest.too_fast > 4_000


def test_a_peer_10_times_faster_than_real_time_is_cut_to_real_time_and_said_once() -> None:
    made = v2_rig(room_s=5)
    for sequence in range(3_000):  # 60 s of audio in 6 s
        made.feed(v2_audio(sequence), 2 * MS)
    summary = made.guest.summary("vsock")
    burst, real_time = LIMITS.burst_packets, 6 * 50
    assert summary.packets == pytest.approx(burst + real_time * LIMITS.speed, abs=3)
    assert summary.too_fast == 3_000 - summary.packets
    assert sum("faster than real time" in line for line in made.journal.lines) == 1
    # The recording is bounded, too.
    assert summary.recorded_frames == 5 * 48_000
    assert made.link.endings == []


def test_real_time_with_stalls_of_2_s_is_never_too_fast() -> None:
    made = v2_rig()
    sequence = 0
    for _ in range(30):
        for _ in range(100):
            made.feed(v2_audio(sequence), 20 * MS)
            sequence += 1
        made.now_ns += 2 * S
        for _ in range(100):
            made.feed(v2_audio(sequence))
            sequence += 1
    assert made.guest.too_fast == 0
    assert made.guest.packets == 6_000


def test_the_end_in_the_middle_of_a_frame_is_said() -> None:
    made = rig()
    made.feed(v1_frame()[:-1])
    made.session.closed(Ending.PEER_CLOSED, made.now_ns)
    assert made.journal.counts[Ending.TRUNCATED] == 1
    good = rig()
    good.feed(v1_frame())
    good.session.closed(Ending.PEER_CLOSED, good.now_ns)
    assert good.journal.counts[Ending.TRUNCATED] == 0


def test_the_books_go_on_with_the_next_connection() -> None:
    first = v2_rig()
    first.feed(v2_audio(0) + v2_audio(1))
    second = rig(guest=first.guest)
    second.feed(by_hand.SWITCH + v2_audio(52, flags=1), 1 * S)
    summary = first.guest.summary("vsock")
    assert (summary.connections, summary.packets) == (2, 3)
    assert (summary.lost, summary.lost_between_connections) == (50, 50)
    assert summary.concealed == 0  # a cut, not a second of invention
    assert summary.discontinuities == 1


def test_a_connection_begins_with_a_decoder_that_knows_nothing() -> None:
    encoder = Encoder()
    tone = sine(5 * 960, sample_rate=48_000)
    packets = [encoder.encode(tone[i * 960 : (i + 1) * 960]) for i in range(5)]
    first = rig()
    first.feed(b"".join(map(v1_frame, packets)))
    second = rig(guest=first.guest)
    second.feed(v1_frame(packets[0]))
    recorder = first.guest.recorder
    assert recorder is not None
    audio = recorder.audio()
    assert np.array_equal(audio[5 * 960 :], audio[:960])


def test_a_reconnection_that_begins_in_v1_loses_what_was_not_sent_and_conceals_nothing() -> None:
    first = v2_rig()
    first.feed(v2_audio(0) + v2_audio(1))
    second = rig(guest=first.guest)
    # 2 to 6 found nobody, 7 and 8 went before the offer was read.
    second.feed(v1_frame() * 2 + by_hand.SWITCH + v2_audio(9), 140 * MS)
    summary = first.guest.summary("vsock")
    assert (summary.packets, summary.lost, summary.lost_between_connections) == (5, 5, 5)
    assert (summary.concealed, summary.recorded_frames) == (0, 5 * 960)


def test_times_of_each_stage_come_from_the_table_and_the_offset() -> None:
    made = v2_rig()
    base = made.now_ns
    guest_ns = base + 5 * S
    for i in range(3):
        t = guest_ns + i * 20 * MS
        data = v2_audio(i, captured_ns=t, encoded_ns=t + 20 * MS, sent_ns=t + 21 * MS)
        made.session.received(data, base + i * 20 * MS + 22 * MS)
    recorder = made.guest.recorder
    assert recorder is not None
    stages = stage_times_ns(recorder.packets(), 5 * S)
    assert stages["captured-encoded"].tolist() == [20 * MS] * 3
    assert stages["encoded-sent"].tolist() == [1 * MS] * 3
    assert stages["sent-received"].tolist() == [1 * MS] * 3


def test_v1_scenario_a_stale_burst_on_connecting_shows_as_latency_of_170_ms() -> None:
    made = v2_rig()
    now = made.now_ns
    # What the original does when its host was away: the ring's 8 whole packets at once.
    stale = [v2_audio(i, captured_ns=now - (9 - i) * 20 * MS) for i in range(8)]
    made.feed(b"".join(stale))
    for i in range(8, 20):
        made.feed(v2_audio(i, captured_ns=made.now_ns), 20 * MS)
    recorder = made.guest.recorder
    assert recorder is not None
    rows = recorder.packets()
    waited = (rows["received_ns"] - rows["captured_ns"].astype(np.int64)) // MS
    assert waited[:8].tolist() == [180, 160, 140, 120, 100, 80, 60, 40]
    assert waited[8:].max() <= 20


def test_v2_scenario_a_stall_of_500_ms_shows_as_what_a_ring_of_170_ms_could_not_hold() -> None:
    made = v2_rig()
    for i in range(50):
        made.feed(v2_audio(i), 20 * MS)
    made.now_ns += 500 * MS
    # Drop-newest: 8 packets were kept, 17 had no room, then it goes on.
    made.feed(b"".join(v2_audio(i) for i in range(50, 58)))
    for i in range(75, 100):
        made.feed(v2_audio(i, flags=1 if i == 75 else 0), 20 * MS)
    summary = made.guest.summary("vsock")
    assert (summary.lost, summary.concealed, summary.discontinuities) == (17, 5, 1)
    assert summary.longest_gap_ms == pytest.approx(500)


@given(st.lists(st.binary(max_size=400), max_size=30), st.booleans())
def test_garbage_never_raises_and_ends_in_one_line(data: list[bytes], in_v2: bool) -> None:
    made = v2_rig(room_s=2) if in_v2 else rig(room_s=2)
    for piece in data:
        made.feed(piece, 20 * MS)
        made.session.tick(made.now_ns)
    made.session.closed(Ending.PEER_CLOSED, made.now_ns)
    assert len(made.journal.lines) <= 6
    assert set(made.link.endings) <= {Ending.PROTOCOL}


# ---- sending -------------------------------------------------------------------------------------


def microphone(*, wire: str = "auto") -> tuple[InputSession, FakeLink]:
    session = InputSession(
        "guest", LIMITS, Journal(), word="vsock", wire="v1" if wire == "v1" else "auto"
    )
    link = FakeLink()
    session.opened(link, 0)
    return session, link


def packet(number: int) -> MicrophonePacket:
    return MicrophonePacket(number, SILENT_PACKET, number * 20 * MS, number * 20 * MS + 1)


def test_a_microphone_begins_in_v1_and_switches_when_it_has_read_the_offer() -> None:
    session, link = microphone()
    session.send(packet(0))
    session.received(by_hand.OFFER[:5], 1)
    session.send(packet(1))
    session.received(by_hand.OFFER[5:], 2)
    session.send(packet(2))
    assert link.sent(3) == v1_frame() * 2 + by_hand.SWITCH + by_hand.ping(3) + v2_audio(
        2, flags=1, encoded_ns=40 * MS + 1, sent_ns=3
    )


def test_a_microphone_of_the_old_kind_reads_no_offer() -> None:
    session, link = microphone(wire="v1")
    session.received(by_hand.OFFER, 1)
    session.send(packet(0))
    assert link.sent(2) == v1_frame()


@pytest.mark.parametrize("wrong", [b"hello", by_hand.OFFER + by_hand.ping(1)])
def test_other_bytes_from_a_listener_close_its_connection(wrong: bytes) -> None:
    session, link = microphone()
    session.received(wrong, 1)
    assert link.endings == [Ending.PROTOCOL]


def test_a_listener_that_reads_too_slowly_loses_the_oldest_and_is_told_so() -> None:
    session, link = microphone()
    session.received(by_hand.OFFER, 1)
    session.send(packet(0))
    link.sent(1)
    link.room = 10  # the next one begins, and sticks
    for number in range(1, 11):
        session.send(packet(number))
        link.sent(number)
        assert len(link.outbox) <= LIMITS.queued_audio
    assert link.outbox.late == 6
    assert link.outbox.stuck_ns == 1
    link.room = 1 << 30
    rest = link.sent(11)
    # The end of packet 1, then 8, 9, 10, the first of them with the flag.
    assert rest.endswith(
        v2_audio(8, flags=1, encoded_ns=160 * MS + 1, sent_ns=11)
        + v2_audio(9, encoded_ns=180 * MS + 1, sent_ns=11)
        + v2_audio(10, encoded_ns=200 * MS + 1, sent_ns=11)
    )
    assert link.outbox.stuck_ns is None


def test_a_switch_is_never_dropped() -> None:
    box = Outbox(audio_limit=1, control_limit=1)
    sent = bytearray()

    def audio(number: int) -> Make:
        return lambda _now, _dropped: str(number).encode()

    def send(data: memoryview) -> int:
        sent.extend(data)
        return len(data)

    box.control(lambda _: b"C", must=True)
    for number in range(5):
        box.audio(audio(number))
        box.control(lambda _: b"p")
    box.write(send, lambda: 0)
    assert sent == b"C4"
    assert (box.late, box.control_dropped) == (4, 5)


def test_a_listener_that_is_half_open_is_closed() -> None:
    session, link = microphone()
    session.received(by_hand.OFFER, 0)
    session.tick(3 * S)
    assert link.endings == [Ending.HALF_OPEN]


# ---- pace ----------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 30 * MS), min_size=50, max_size=400))
def test_errors_of_sleep_do_not_add_up(errors: list[int]) -> None:
    pace, made = Pace(0), 0
    for error in errors:
        now = pace.due_ns + error
        made += len(pace.take(now))
        assert made == now // (20 * MS)
    assert pace.skipped == 0


def test_what_is_more_than_60_ms_late_is_skipped_and_the_numbers_say_so() -> None:
    pace = Pace(0)
    assert list(pace.take(20 * MS)) == [0]
    assert list(pace.take(400 * MS)) == [17, 18, 19]
    assert pace.skipped == 16


def test_a_bucket_that_is_asked_too_often_lets_its_rate_through() -> None:
    bucket = Bucket(10, 1000.0)
    assert sum(bucket.take(t) for t in range(0, 100_000, 10)) == pytest.approx(110, abs=1)


# ---- both ends -----------------------------------------------------------------------------------


def test_10_minutes_without_faults_lose_nothing() -> None:
    """Microphone and receiver, joined by a wire that cuts at random, in virtual time."""
    minutes_ns = 600 * S
    sender, link = microphone()
    far = rig(room_s=700)
    cut = np.random.default_rng(5)
    pace = Pace(far.now_ns)
    waiting = b""
    begin = far.now_ns
    while far.now_ns < begin + minutes_ns:
        far.now_ns = pace.due_ns
        for number in pace.take(far.now_ns):
            sender.send(packet(number))
        sender.tick(far.now_ns)
        waiting += link.sent(far.now_ns)
        arrives = int(cut.integers(0, len(waiting) + 1))
        far.session.received(waiting[:arrives], far.now_ns)
        waiting = waiting[arrives:]
        far.session.tick(far.now_ns)
        sender.received(far.link.sent(far.now_ns), far.now_ns)
    far.session.received(waiting, far.now_ns)
    summary = far.guest.summary("vsock")
    assert link.outbox.late == 0
    assert summary.packets == 30_000
    assert (summary.lost, summary.concealed, summary.undecodable, summary.too_fast) == (0, 0, 0, 0)
    assert far.link.endings == link.endings == []
