"""What was observed, what was allowed, and the verdict on the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

from lab.host.models import FarEndStats, IoStats


@dataclass(frozen=True)
class Damage:
    """Counts over a stretch of a run; frames unless said otherwise.

    Attributes
    ----------
    played
        That the player has handed to the host.
    correct, lost, duplicated, reordered, silent, corrupt, swapped
        As the check of self-numbering PCM found them behind the driver's memory.
    reader_lost, torn
        What the reader says it has missed, and those of them that were overwritten while copied.
    held
        That lay on the way while the reader was ready for them, and arrived then.
    skipped_cycles, late_wakes
        Cycles that the host left out, and that woke late.
    timestamp_jumps, seed_changes, driver_errors
        What the host thinks of the driver.
    clock_steps
        Jumps that the host saw because a clock model of the lab made them.
    """

    played: int = 0
    correct: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    silent: int = 0
    corrupt: int = 0
    swapped: int = 0
    reader_lost: int = 0
    torn: int = 0
    held: int = 0
    skipped_cycles: int = 0
    late_wakes: int = 0
    timestamp_jumps: int = 0
    seed_changes: int = 0
    driver_errors: int = 0
    clock_steps: int = 0

    def __add__(self, other: Damage) -> Damage:
        return Damage(*(getattr(self, n) + getattr(other, n) for n in _NAMES))

    def __sub__(self, other: Damage) -> Damage:
        return Damage(*(getattr(self, n) - getattr(other, n) for n in _NAMES))

    def figures(self) -> dict[str, int]:
        """Those that are not 0."""
        return {name: value for name in _NAMES if (value := getattr(self, name))}


_NAMES = tuple(f.name for f in fields(Damage))


def damage_so_far(io: IoStats, far: FarEndStats, played: int) -> Damage:
    """The counters of a host as they stand."""
    check = far.check
    heard = {}
    if check is not None:
        heard = {
            "correct": check.correct,
            "lost": check.lost,
            "duplicated": check.duplicated,
            "reordered": check.reordered,
            "silent": check.silent + check.leading_silence,
            "corrupt": check.corrupt,
            "swapped": check.swapped,
        }
    return Damage(
        played=played,
        reader_lost=far.lost_frames,
        torn=far.torn_frames,
        held=far.held_frames,
        skipped_cycles=io.skipped_cycles,
        late_wakes=io.late_wakes,
        timestamp_jumps=io.timestamp_jumps - io.clock_steps,
        clock_steps=io.clock_steps,
        seed_changes=io.seed_changes,
        driver_errors=io.driver_errors,
        **heard,
    )


@dataclass(frozen=True)
class Allowance:
    """What an event may cost, and what it has to.

    Attributes
    ----------
    high
        At most so much of each; ``correct`` and ``played`` are not limited.
    low
        At least so much: a fault that leaves no trace was not counted, or not injected.
    new_reader
        A reader came or went: counts of before and after don't add up.
    reader_away
        The reader stayed away: what was to happen to its next frames need not have happened.
    io_restarted
        IO was stopped and started: a cycle that would have been late is not any more.
    on_the_way
        Frames suffered behind the driver's memory: the reader cannot know of those.
    """

    high: Damage = field(default_factory=Damage)
    low: Damage = field(default_factory=Damage)
    new_reader: bool = False
    reader_away: bool = False
    io_restarted: bool = False
    on_the_way: bool = False

    def __add__(self, other: Allowance) -> Allowance:
        return Allowance(
            high=self.high + other.high,
            low=_both_low(self.low, other.low),
            new_reader=self.new_reader or other.new_reader,
            reader_away=self.reader_away or other.reader_away,
            io_restarted=self.io_restarted or other.io_restarted,
            on_the_way=self.on_the_way or other.on_the_way,
        )


_OF_THE_HOST = ("skipped_cycles", "late_wakes")


def _both_low(one: Damage, other: Damage) -> Damage:
    """Frames add up. Two reasons to be late may cancel each other: then nothing is demanded."""
    both = one + other
    if all(any(getattr(low, name) for name in _OF_THE_HOST) for low in (one, other)):
        return replace(both, **dict.fromkeys(_OF_THE_HOST, 0))
    return both


NOTHING = Allowance()


@dataclass(frozen=True)
class Failure:
    """Why a run failed.

    Attributes
    ----------
    kind
        A kebab-case word: what is compared when a failure is looked for again.
    sentence
        What happened, when, and what would have been allowed.
    cycle
        Of the run, when it was noticed.
    """

    kind: str
    sentence: str
    cycle: int = 0


_KINDS = {
    "duplicated": ("frames-duplicated", "frame", "arrived twice"),
    "reordered": ("frames-reordered", "frame", "arrived out of order"),
    "corrupt": ("frames-corrupt", "frame", "arrived as something that was never played"),
    "swapped": ("channels-swapped", "frame", "arrived with channels exchanged"),
    "lost": ("frames-lost", "frame", "did not arrive"),
    "silent": ("frames-silent", "frame", "arrived as zeros"),
    "torn": ("frames-torn", "frame", "was overwritten while it was being copied"),
    "reader_lost": ("reader-lost", "frame", "was missed by the reader"),
    "held": ("frames-held-up", "frame", "was held up on the way"),
    "timestamp_jumps": ("timestamp-jump", "zero timestamp", "jumped without a new seed"),
    "seed_changes": ("seed-change", "zero timestamp", "came with a new seed while IO ran"),
    "driver_errors": ("driver-error", "call of the driver", "answered with an error during IO"),
    "clock_steps": ("clock-step", "step of the lab's clock model", "was taken for a jump"),
    "skipped_cycles": ("cycles-skipped", "cycle", "was left out"),
    "late_wakes": ("late-wake", "cycle", "woke late"),
}


_CAUSES = ("driver_errors", "timestamp_jumps", "seed_changes")
"""What the driver told the host: where it is heard through itself, its frames suffer from that."""
DRIVER_SAID = frozenset(_KINDS[name][0] for name in _CAUSES)
"""Kinds of failures of these."""


def judge(
    damage: Damage,
    allowed: Allowance,
    *,
    cycle: int,
    causes: Sequence[str],
    counts_losses: bool,
    error_text: str = "",
    through_driver: bool = False,
) -> Failure | None:
    """Whether a stretch of a run cost more, or less, than its events may.

    Parameters
    ----------
    damage
        Over the stretch.
    allowed
        Sum of what its events may cost; nothing for a stretch without events.
    cycle
        At its end.
    causes
        The events, as words: ``"stall at cycle 1200"``.
    counts_losses
        Whether the reader knows what it missed (layout v2).
    error_text
        The driver's last error.
    through_driver
        Whether it is heard through its own input: then its errors and timestamps come first.

    Returns
    -------
    Failure or None
        The worst thing first.
    """
    where = f"around {' and '.join(causes)}" if causes else "with no fault near"
    first = {name: _KINDS[name] for name in _CAUSES if through_driver}
    for name, (kind, thing, verb) in {**first, **_KINDS}.items():
        count, most = getattr(damage, name), getattr(allowed.high, name)
        if count > most:
            things = _things(thing, count)
            limit = "none may" if most == 0 else f"at most {most} may"
            detail = f" ({error_text})" if name == "driver_errors" and error_text else ""
            said = f"{count} {things} {_plural(verb, count)}{detail} {where}; {limit}"
            return Failure(kind, f"{said} (noticed by cycle {cycle})", cycle)
    if not (allowed.new_reader or allowed.reader_away):
        for name, (kind, thing, verb) in _KINDS.items():
            if allowed.io_restarted and name in _OF_THE_HOST:
                continue
            count, least = getattr(damage, name), getattr(allowed.low, name)
            if count < least:
                said = f"only {count} of {least} {_things(thing, 2)} {_plural(verb, 2)} {where}"
                return Failure(
                    f"unnoticed-{kind}", f"{said}: the fault was not noticed (cycle {cycle})", cycle
                )
    can_count = counts_losses and not (allowed.new_reader or allowed.on_the_way)
    if can_count and damage.lost != damage.reader_lost:
        return Failure(
            "loss-not-counted",
            f"{damage.lost} frames did not arrive {where}, but the reader was told of "
            f"{damage.reader_lost} (cycle {cycle})",
            cycle,
        )
    return None


def _things(thing: str, count: int) -> str:
    """Call of the driver, calls of the driver; frame, frames."""
    head, of, rest = thing.partition(" of ")
    return thing if count == 1 else f"{head}s{of}{rest}"


def _plural(verb: str, count: int) -> str:
    return verb.replace("was ", "were ", 1) if count != 1 else verb
