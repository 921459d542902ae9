"""Rates and formats that are set: what is not offered is refused, and formats have the rate."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from lab.host.errors import HostError
from lab.validate.check import Check, Need
from lab.validate.checks.objects_answers import RawCheck
from lab.validate.checks.objects_numbers import is_in
from lab.validate.raw.answers import code_text, ranges, rows_in, value
from lab.validate.raw.device import FORMAT, RANGED_FORMAT
from lab.validate.raw.tree import Tree
from lab.validate.subject import Loaded, Subject

_RATES = (12_345.0, 999_999.0, 3.0, 1e9)
"""Hz that no device offers, unless it offers nearly all."""


class ForeignRate(RawCheck):
    """A rate that a device does not offer is refused when it is set."""

    id = "objects-foreign-rate-refused"
    strictness = 4
    source = "AudioHardwareBase.h: kAudioDevicePropertyAvailableNominalSampleRates"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """A few that are in none of its ranges."""
        for device in tree.of_class("adev"):
            offered = ranges(tree.driver, device.object_id, "nsr#")
            for rate in _RATES:
                if any(is_in(rate, one) for one in offered):
                    continue
                if tree.driver.set(device.object_id, "nsrt", struct.pack("=d", rate)).ok:
                    yield f"{device} does not offer {rate:g} Hz, and setting it succeeds"


class ForeignFormat(RawCheck):
    """A format that a stream does not offer is refused when it is set."""

    id = "objects-foreign-format-refused"
    strictness = 4
    source = "AudioHardwareBase.h: kAudioDeviceUnsupportedFormatError"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """What it has, with channels that it does not offer, and with bits that do not exist."""
        for stream in tree.of_class("astr"):
            for selector in ("sfmt", "pft "):
                now = value(tree.driver, stream.object_id, selector) or b""
                if len(now) != struct.calcsize(FORMAT):
                    continue
                for what, wanted in _foreign(now, self._widths(tree, stream.object_id)):
                    if tree.driver.set(stream.object_id, selector, wanted).ok:
                        yield (
                            f"'{selector}' of {stream} is not offered {what}, and setting it "
                            "succeeds"
                        )

    def _widths(self, tree: Tree, stream: int) -> set[int]:
        """How many channels the formats have that it offers."""
        return {
            row[6]
            for selector in ("sfma", "pfta")
            for row in rows_in(value(tree.driver, stream, selector), RANGED_FORMAT)
        }


class FormatsFollow(Check):
    """When a device has changed its rate, the formats of its streams have it, too."""

    id = "objects-formats-follow-rate"
    family = "objects"
    strictness = 3
    need = Need.REQUIRED
    source = "AudioHardwareBase.h: kAudioStreamPropertyVirtualFormat, ...PhysicalFormat"

    def run(self, subject: Subject) -> None:
        """Set each device to another rate, as a host does."""
        loaded = subject.loaded()
        self.expect_all(
            line for device in loaded.devices for line in self._of_one(loaded, device.object_id)
        )

    def _of_one(self, loaded: Loaded, number: int) -> Iterator[str]:
        plugin, host = loaded.plugin.plugin, loaded.host
        device = next(one for one in loaded.devices if one.object_id == number)
        offered = [low for low, _ in host.get_property(plugin, number, "nsr#") or []]
        others = [rate for rate in offered if rate != device.nominal_rate]
        if not others:
            return
        try:
            host.set_rate(device.device, others[0])
        except HostError as error:
            self.note(f"{device.name} does not take {others[0]:g} Hz: {error}")
            return
        rate = host.get_property(plugin, number, "nsrt")
        for stream in device.streams:
            for selector in ("sfmt", "pft "):
                told = host.get_property(plugin, stream.id, selector)["sample_rate"]
                if told != rate:
                    yield (
                        f"{device.name} was set to {rate:g} Hz, and '{selector}' of stream "
                        f"{stream.id} has {told:g} Hz"
                    )


def _foreign(now: bytes, widths: set[int]) -> list[tuple[str, bytes]]:
    """Formats in words and in bytes: as it is now, but for one thing that is not offered."""
    channels = next(count for count in range(61, 1_000) if count not in widths)
    rate, id_, flags, _, frames, _, _, bits, _ = struct.unpack(FORMAT, now)
    wide = channels * (bits // 8)
    many = struct.pack(FORMAT, rate, id_, flags, wide, frames, wide, channels, bits, 0)
    return [
        (f"with {channels} channels", many),
        ("with 7 bits", struct.pack(FORMAT, rate, id_, 4 | 8, 2, frames, 2, 2, 7, 0)),
        ("at 3 Hz", struct.pack("=d", 3.0) + now[8:]),
        (f"as '{code_text(id_ ^ 1)}'", now[:8] + struct.pack("=I", id_ ^ 1) + now[12:]),
    ]
