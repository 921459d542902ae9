"""The books of a stream: what was lost, and how two clocks stand to each other."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lab.transport.bunghole.stream import ClockBook, Place, SequenceBook
from lab.transport.bunghole.wire import Audio

U32 = 2**32


def audio(sequence: int, *, at: int | None = None) -> Audio:
    """Packet `sequence`, captured when packet `at` of an unbroken stream would be."""
    when = (sequence if at is None else at) * 20_000_000
    return Audio(sequence % U32, sequence * 960, when, when, when, b"x")


def places(book: SequenceBook, numbers: list[int]) -> list[Place]:
    return [book.take(audio(number)).place for number in numbers]


def test_packets_in_their_order_lose_nothing() -> None:
    book = SequenceBook()
    assert set(places(book, list(range(10, 100)))) == {Place.FIRST, Place.NEXT}
    assert (book.packets, book.lost, book.misnumbered) == (90, 0, 0)


@given(st.integers(0, U32 - 1), st.sets(st.integers(1, 400), max_size=300))
def test_what_is_missing_is_counted_exactly_wherever_the_numbers_wrap(
    first: int, missing: set[int]
) -> None:
    book = SequenceBook()
    sent = [n for n in range(402) if n not in missing]
    placed = [book.take(audio(first + n)) for n in sent]
    assert book.lost == len(missing) == sum(p.lost for p in placed)
    assert book.lost_frames == 960 * len(missing) == sum(p.lost_frames for p in placed)
    assert book.packets == len(sent)
    assert (book.duplicates, book.reordered, book.restarts, book.misnumbered) == (0, 0, 0, 0)


def test_a_packet_that_comes_twice_is_a_duplicate_and_is_not_used() -> None:
    book = SequenceBook()
    places(book, [1, 2, 3])
    again = book.take(audio(2))
    assert again.place is Place.DUPLICATE
    assert not again.is_usable
    assert (book.packets, book.duplicates, book.lost) == (3, 1, 0)


def test_a_packet_that_comes_after_a_later_one_was_not_lost() -> None:
    book = SequenceBook()
    assert places(book, [1, 2, 4, 3, 5]) == [
        Place.FIRST,
        Place.NEXT,
        Place.AFTER_A_GAP,
        Place.REORDERED,
        Place.NEXT,
    ]
    assert (book.lost, book.reordered, book.duplicates) == (0, 1, 0)
    assert book.take(audio(3)).place is Place.DUPLICATE


def test_what_is_missing_between_two_connections_is_lost_as_well() -> None:
    book = SequenceBook()
    places(book, [0, 1, 2])
    book.connected()
    assert book.take(audio(53)).lost == 50
    assert (book.lost, book.lost_between) == (50, 50)


@given(st.integers(0, 40), st.integers(0, 40))
def test_packets_that_came_in_v1_before_the_switch_are_not_missing(lost: int, in_v1: int) -> None:
    book = SequenceBook()
    places(book, [0, 1, 2])
    book.connected()
    for _ in range(in_v1):
        book.unnumbered()
    placed = book.take(audio(3 + lost + in_v1))
    assert (placed.lost, placed.lost_frames, placed.is_new) == (lost, lost * 960, True)
    assert (book.lost, book.misnumbered) == (lost, 0)
    # They count for this gap only.
    assert book.take(audio(3 + lost + in_v1 + 3)).lost == 2


def test_what_came_in_v1_on_a_connection_that_never_spoke_v2_is_not_missing() -> None:
    book = SequenceBook()
    places(book, [0, 1, 2])
    for _ in range(2):
        book.connected()
        book.unnumbered()
    assert book.take(audio(3 + 2 + 4)).lost == 4
    assert (book.lost, book.lost_frames, book.misnumbered) == (4, 4 * 960, 0)


def test_gaps_on_both_sides_of_a_packet_of_v1_are_each_rounded_up() -> None:
    book = SequenceBook()
    places(book, [0])
    book.connected()
    book.unnumbered()
    # 480 frames, the packet, 480 frames: a number for each of the three.
    placed = book.take(replace(audio(4), first_frame=960 + 480 + 960 + 480))
    assert (placed.lost, placed.lost_frames) == (2, 960)
    assert book.misnumbered == 0
    # Without one in between there is nothing to round twice.
    book.take(replace(audio(7), first_frame=2_880 + 960 + 960))
    assert book.misnumbered == 1


def test_gaps_on_both_sides_of_a_packet_that_was_lost_on_its_way_are_each_rounded_up() -> None:
    book = SequenceBook()
    places(book, [0])
    book.connected()
    placed = book.take(replace(audio(4), first_frame=960 + 480 + 960 + 480))
    assert (placed.lost, placed.lost_frames) == (3, 1_920)
    assert book.misnumbered == 0
    # Two numbers have no room for two gaps and a packet between them.
    book.connected()
    book.take(replace(audio(7), first_frame=2_880 + 960 + 960))
    assert book.misnumbered == 1


GAPS = st.one_of(st.just(0), st.integers(1, 3_000))


@given(st.lists(st.tuples(GAPS, st.booleans()), max_size=20), GAPS)
def test_whatever_gaps_and_packets_there_were_the_frames_that_are_missing_are_counted_exactly(
    unseen: list[tuple[int, bool]], last_gap: int
) -> None:
    """As the driver numbers them; of the packets unseen, some came in v1, the others are lost."""
    book = SequenceBook()
    book.take(audio(0))
    book.connected()
    sequence, frame, lost, lost_frames = 1, 960, 0, 0
    for gap, came in [*unseen, (last_gap, True)]:
        numbers = -(-gap // 960)
        sequence += numbers + 1
        frame += gap + 960
        lost += numbers + (not came)
        lost_frames += gap + (not came) * 960
    for _ in range(sum(came for _, came in unseen)):
        book.unnumbered()
    placed = book.take(replace(audio(sequence - 1), first_frame=frame - 960))
    assert (placed.lost, placed.lost_frames, book.misnumbered) == (lost, lost_frames, 0)


def test_a_driver_that_was_loaded_anew_has_lost_nothing() -> None:
    book = SequenceBook()
    places(book, list(range(100)))
    book.connected()
    assert book.take(audio(0, at=150)).place is Place.RESTART
    assert (book.lost, book.restarts, book.packets) == (0, 1, 101)


def test_a_driver_that_says_it_began_at_another_time_has_other_numbers() -> None:
    book = SequenceBook()
    book.begun(1_000)
    places(book, list(range(100)))
    book.connected()
    book.begun(1_000)
    assert book.take(audio(100)).place is Place.NEXT
    book.connected()
    # Its numbers went on, and by no more than time did: nothing else would tell.
    book.begun(2_000)
    assert book.take(audio(300)).place is Place.RESTART
    assert (book.lost, book.restarts) == (0, 1)
    assert book.take(audio(301)).place is Place.NEXT


def test_numbers_that_went_on_further_than_time_did_are_lost_all_the_same() -> None:
    """Each stop of IO fills a packet up, with silence that has numbers."""
    book = SequenceBook()
    book.begun(1_000)
    places(book, list(range(100)))
    book.connected()
    book.begun(1_000)
    placed = book.take(audio(200, at=110))
    assert (placed.place, placed.lost) == (Place.AFTER_A_GAP, 100)
    assert (book.lost, book.restarts) == (100, 0)


def test_a_clock_that_went_back_is_that_of_a_guest_that_was_restored() -> None:
    book = SequenceBook()
    places(book, list(range(100)))
    book.connected()
    assert book.take(audio(200, at=50)).place is Place.RESTART
    assert (book.lost, book.restarts) == (0, 1)


def test_a_long_time_without_io_is_no_loss() -> None:
    book = SequenceBook()
    places(book, [0, 1, 2])
    assert book.take(audio(3, at=100_000)).place is Place.NEXT
    assert book.lost == 0


@given(st.integers(0, 100_000))
def test_frames_that_are_missing_are_counted_to_the_frame(missing: int) -> None:
    book = SequenceBook()
    book.take(audio(0))
    lost = -(-missing // 960)
    placed = book.take(replace(audio(1 + lost), first_frame=960 + missing))
    assert (placed.lost, placed.lost_frames) == (lost, missing)
    assert book.misnumbered == 0


def test_a_first_frame_that_does_not_fit_its_number_is_counted() -> None:
    book = SequenceBook()
    book.take(audio(0))
    for sequence, first_frame in ((1, 961), (2, 1920), (3, 2881)):
        book.take(replace(audio(sequence), first_frame=first_frame))
    assert book.misnumbered == 3  # one late, one early, one late
    assert (book.lost, book.lost_frames) == (0, 0)


@given(st.lists(st.tuples(st.integers(0, U32 - 1), st.integers(0, 2**64 - 1)), max_size=60))
def test_numbers_and_times_that_make_no_sense_are_counted_and_that_is_all(
    told: list[tuple[int, int]],
) -> None:
    book = SequenceBook()
    for sequence, time_ns in told:
        book.take(Audio(sequence, time_ns, time_ns, 0, 0, b"x"))
    assert book.packets + book.duplicates + book.reordered == len(told)
    assert book.lost >= 0


@given(
    st.integers(-(2**61), 2**61),
    st.lists(
        st.tuples(st.integers(0, 5_000_000), st.integers(0, 5_000_000), st.integers(0, 1_000_000)),
        min_size=1,
        max_size=64,
    ),
)
def test_the_offset_is_true_within_its_uncertainty_whatever_the_delays(
    offset_ns: int, exchanges: list[tuple[int, int, int]]
) -> None:
    book = ClockBook()
    now = 2**62
    for there, back, thought in exchanges:
        asked, now = now, now + there + thought + back
        heard = asked + there + offset_ns
        book.take(asked, heard, heard + thought, now)
    best = book.best
    assert best is not None
    assert abs(best.offset_ns - offset_ns) <= best.uncertainty_ns + 1
    assert best.uncertainty_ns == (min(there + back for there, back, _ in exchanges) + 1) // 2
    assert abs(best.to_own(now + offset_ns) - now) <= best.uncertainty_ns + 1


def test_a_pong_that_cannot_be_true_is_refused() -> None:
    book = ClockBook()
    book.take(100, 0, 50, 120)  # thought for 50, and was back after 20
    book.take(100, 60, 50, 120)  # answered before it heard
    book.take(100, 0, 0, 90)  # back before it was asked
    assert book.refused == 3
    assert book.best is None
