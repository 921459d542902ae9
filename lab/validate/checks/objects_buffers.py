"""Where a driver writes its answer: buffers that are too small, or not there at all."""

from __future__ import annotations

from collections.abc import Iterator

from lab.host import probe_calls as calls
from lab.host.probe_models import CallResult, DataResult, HasResult
from lab.validate.check import Need
from lab.validate.checks.objects_answers import RawCheck
from lab.validate.raw.asked import sized
from lab.validate.raw.tree import Tree

PROPERTY = "AudioServerPlugIn.h: GetPropertyData"


class NoOverrun(RawCheck):
    """GetPropertyData writes nothing outside the buffer, however small that is."""

    id = "objects-no-overrun"
    strictness = 3
    source = f"{PROPERTY} (inDataSize is the size of the buffer)"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Each property into all the room that it needs, a byte less, half of it, and none.

        In this order, and no further than the first: who writes more than the guards hold would
        take the host along.
        """
        for asked, size in sized(tree):
            for room in (size, max(size - 1, 0), size // 2, 0):
                line = overrun(asked.get(room))
                if line:
                    yield f"{asked}: its size is {size}; read into {room} bytes it wrote {line}"
                    return


class ShortRefused(RawCheck):
    """A value that is no list is refused where there is not enough room for all of it."""

    id = "objects-short-value-refused"
    strictness = 5
    source = "AudioHardwareBase.h: kAudioHardwareBadPropertySizeError"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Each into a byte less, and into no room."""
        for asked, size in sized(tree):
            if asked.kind.is_list or asked.kind.type == "layout" or not size:
                continue
            for room in (size - 1, 0):
                got = asked.get(room)
                if got.ok:
                    yield f"{asked}: {size} bytes, read into {room}: success; it should be '!siz'"
                    break


class ShortList(RawCheck):
    """A list is refused where there is not enough room, or cut to the elements that fit."""

    id = "objects-short-list"
    strictness = 5
    source = f"{PROPERTY} (outDataSize: how much was written)"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Each with room for a byte less than it has, and for one element and a half."""
        for asked, size in sized(tree):
            each = asked.kind.size
            if not asked.kind.is_list or size < each:
                continue
            whole = asked.get(size).data or b""
            for room in sorted({size - 1, each + each // 2} & set(range(size)), reverse=True):
                got = asked.get(room)
                where = f"{asked}: {size} bytes, read into {room}:"
                if overrun(got):
                    yield f"{where} it wrote {overrun(got)}"
                    return  # as above
                if got.ok and (got.size is None or got.size > room or got.size % each):
                    yield f"{where} it told {got.size}; elements have {each} bytes"
                elif got.ok and got.data != whole[: got.size]:
                    yield f"{where} they are not the first of its elements"


class NullAddress(RawCheck):
    """A property that is asked for without an address is refused."""

    id = "objects-null-address"
    strictness = 7
    need = Need.RECOMMENDED
    source = "hal-lab: a pointer that is NULL is an error, and no crash"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """All five functions, each object."""
        for node in tree.nodes:
            for call in (
                calls.is_settable(node.object_id, None),
                calls.size(node.object_id, None),
                calls.get(node.object_id, None, 64),
                calls.set_(node.object_id, None, bytes(4)),
            ):
                if tree.driver.call(call, CallResult).ok:
                    yield f"{call.function} of {node} with a NULL address succeeds"
            if tree.driver.call(calls.has(node.object_id, None), HasResult).has:
                yield f"HasProperty of {node} with a NULL address says yes"


class NullData(RawCheck):
    """A value is refused where the buffer, or the place for its size, is NULL."""

    id = "objects-null-data"
    strictness = 8
    need = Need.RECOMMENDED
    source = "hal-lab: a pointer that is NULL is an error, and no crash"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Each property of each object, without one of what is written to."""
        for asked, size in sized(tree):
            number, where = asked.node.object_id, asked.where
            put = asked.qualifier
            wanted = [
                (calls.is_settable(number, where, null_out=True), "a Boolean"),
                (calls.size(number, where, null_out=True, qualifier=put), "a size"),
                (calls.get(number, where, size, null_size=True, qualifier=put), "a size"),
            ]
            if size:
                no_data = calls.get(number, where, size, null_data=True, qualifier=put)
                wanted.append((no_data, "data"))
            for call, what in wanted:
                if tree.driver.call(call, CallResult).ok:
                    yield f"{call.function} of {asked} with NULL for {what} succeeds"


class NullDriver(RawCheck):
    """A property is refused where the reference to the driver is NULL."""

    id = "objects-null-driver"
    strictness = 8
    need = Need.RECOMMENDED
    source = "hal-lab: a pointer that is NULL is an error, and no crash"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """All functions of properties."""
        number, where = tree.nodes[0].object_id, "clas"
        for call in (
            calls.is_settable(number, where),
            calls.size(number, where),
            calls.get(number, where, 4),
            calls.set_(number, where, bytes(4)),
        ):
            if tree.driver.call(call.without_driver(), CallResult).ok:
                yield f"{call.function} of a NULL driver succeeds"
        if tree.driver.call(calls.has(number, where).without_driver(), HasResult).has:
            yield "HasProperty of a NULL driver says yes"


def overrun(got: DataResult) -> str:
    """How far it wrote outside the buffer; empty when it did not."""
    if got.guard_intact:
        return ""
    return ", ".join(
        f"{count} bytes {where} it"
        for count, where in ((got.wrote_before, "before"), (got.wrote_beyond, "beyond"))
        if count
    )
