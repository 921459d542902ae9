"""The four questions about a property: whether it is there, settable, how big, and what it is."""

from __future__ import annotations

from collections.abc import Iterator

from lab.validate.check import Check, Need
from lab.validate.raw.asked import Asked, all_asked, sized
from lab.validate.raw.tree import Tree
from lab.validate.subject import Subject

_CHANGING = {"lcsd", "lcds"}
"""Their answer depends on what is in the buffer."""


class RawCheck(Check):
    """A base: looks at what raw calls find, in a driver that is initialized and does nothing."""

    family = "objects"
    need = Need.REQUIRED

    def run(self, subject: Subject) -> None:
        """Complain."""
        self.expect_all(self.complaints(Tree(subject.instance())))

    def complaints(self, tree: Tree) -> Iterator[str]:
        """What is wrong."""
        raise NotImplementedError


class AnswersAgree(RawCheck):
    """A property that is there has a size, a value, and is settable or not."""

    id = "objects-answers-agree"
    strictness = 2
    source = "AudioServerPlugIn.h: HasProperty, IsPropertySettable, GetPropertyDataSize, ...Data"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Ask each of all that its class may have."""
        for asked in all_asked(tree):
            there = asked.has().has
            if there not in {0, 1}:
                yield f"HasProperty of {asked} answered {there}; a Boolean is 0 or 1"
            if there:
                yield from self._of_one(asked)

    def _of_one(self, asked: Asked) -> Iterator[str]:
        settable = asked.is_settable()
        size = asked.size()
        if not settable.ok:
            yield f"{asked} is there, and IsPropertySettable answered {settable.status_text}"
        elif settable.settable not in {0, 1}:
            yield f"{asked}: IsPropertySettable answered {settable.settable}; a Boolean is 0 or 1"
        if not size.ok:
            yield f"{asked} is there, and GetPropertyDataSize answered {size.status_text}"
        elif size.size is None:
            yield f"{asked}: GetPropertyDataSize succeeded, and told no size"
        else:
            got = asked.get(size.size)
            if not got.ok:
                yield f"{asked} is there, and GetPropertyData answered {got.status_text}"


class DeniedHasNothing(RawCheck):
    """A property that is not there has no size and no value either."""

    id = "objects-denied-has-nothing"
    strictness = 6
    need = Need.RECOMMENDED  # hosts ask HasProperty first, and well-known drivers rely on that
    source = "AudioHardwareBase.h: kAudioHardwareUnknownPropertyError"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Ask each that its class may have and that HasProperty denies."""
        for asked in all_asked(tree):
            if asked.has().has:
                continue
            if asked.size().ok:
                yield f"HasProperty denies {asked}, and GetPropertyDataSize succeeds"
            elif asked.get(max(64, asked.kind.size)).ok:
                yield f"HasProperty denies {asked}, and GetPropertyData succeeds"
            elif asked.is_settable().ok:
                yield f"HasProperty denies {asked}, and IsPropertySettable succeeds"


class SizesExact(RawCheck):
    """A value has the size that GetPropertyDataSize tells, also where there is more room."""

    id = "objects-sizes-exact"
    strictness = 3
    source = "AudioServerPlugIn.h: GetPropertyDataSize, GetPropertyData (outDataSize)"
    more = 256

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Read each with just the room, and with more."""
        for asked, size in sized(tree):
            for room in (size, size + self.more):
                got = asked.get(room)
                if got.ok and got.size != size:
                    wrote = "no size" if got.size is None else f"{got.size} bytes"
                    yield f"{asked}: its size is {size}; read into {room} bytes it told {wrote}"
                    break
                if not got.ok and room > size:
                    yield f"{asked}: {size} bytes; read into {room} it answered {got.status_text}"


class SizesTyped(RawCheck):
    """The size of every property is that of its type, and of a list whole elements."""

    id = "objects-sizes-of-types"
    strictness = 2
    source = "AudioHardwareBase.h: the type of each property"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Hold each size against the contract."""
        for asked, size in sized(tree):
            one = asked.kind
            if not one.fits(size):
                what = f"a list of {one.type} of {one.size} bytes" if one.is_list else one.type
                yield f"{asked} has {size} bytes; it is {what}"


class AnswersRepeat(RawCheck):
    """Asked again, while nothing happens, every property has the same value."""

    id = "objects-answers-repeat"
    strictness = 3
    source = "AudioServerPlugIn.h: PropertiesChanged (what changes is announced)"
    times = 3

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Read each three times; a change that is announced meanwhile is none of these."""
        for asked, size in sized(tree):
            if asked.kind.is_reference or asked.kind.selector in _CHANGING:
                continue
            answers = [asked.get(size) for _ in range(self.times)]
            values = {answer.data for answer in answers if answer.ok and answer.data is not None}
            if len(values) > 1 and not any(answer.host_calls for answer in answers):
                first, other = sorted(values)[:2]
                yield f"{asked}: read {self.times} times, it is {first.hex()} and {other.hex()}"
