"""Rates and formats: set by a configuration change, and only to what is offered."""

from __future__ import annotations

from typing import Any

from lab.host import sources
from lab.host.errors import HostError
from lab.host.models import Device, Format
from lab.validate.check import Check, Need
from lab.validate.subject import Loaded, Subject

_NEVER_OFFERED = 12_345.0
CHANGES = "AudioServerPlugIn.h: RequestDeviceConfigurationChange"


def rates_of(device: Device) -> list[float]:
    """What it offers, the ends of its ranges."""
    return sorted({rate for pair in device.available_rates for rate in pair})


class _Devices(Check):
    family = "settings"
    need = Need.REQUIRED
    limit_s = 40.0

    def run(self, subject: Subject) -> None:
        """Each device."""
        loaded = subject.loaded()
        found = self.some([one for one in loaded.devices if one.streams], "device with a stream")
        complaints = []
        for device in found:
            complaints += self.complaints(loaded, device)
        self.expect_all(complaints)

    def complaints(self, loaded: Loaded, device: Device) -> list[str]:
        """What is wrong with one."""
        raise NotImplementedError


class RatesAccepted(_Devices):
    """Every rate that a device offers can be set, and is then its rate."""

    id = "settings-rates-accepted"
    strictness = 2
    source = "AudioHardware.h: kAudioDevicePropertyAvailableNominalSampleRates"

    def complaints(self, loaded: Loaded, device: Device) -> list[str]:
        """Set each."""
        found = []
        for rate in rates_of(device):
            try:
                got = loaded.host.set_rate(device.device, rate).nominal_rate
            except HostError as error:
                found.append(f"{device.name}: {rate:g} Hz is offered and refused ({error})")
                continue
            if got != rate:
                found.append(f"{device.name}: set to {rate:g} Hz, it has {got:g} Hz")
        return found


class OtherRatesRefused(_Devices):
    """A rate that a device does not offer is refused, and its rate stays."""

    id = "settings-other-rates-refused"
    strictness = 3
    source = "AudioHardware.h: kAudioDevicePropertyNominalSampleRate"

    def complaints(self, loaded: Loaded, device: Device) -> list[str]:
        """Set one that nobody offers, as a client would that does not look."""
        if device.has_rate(_NEVER_OFFERED):
            return []
        try:
            loaded.host.set_property(loaded.plugin.plugin, device.object_id, "nsrt", _NEVER_OFFERED)
        except HostError:
            accepted = False
        else:
            accepted = True
        now = loaded.host.device(device.device).nominal_rate
        if now != device.nominal_rate:
            return [
                f"{device.name}: it does not offer {_NEVER_OFFERED:g} Hz, and now has {now:g} Hz"
            ]
        if accepted:
            return [f"{device.name}: {_NEVER_OFFERED:g} Hz is not offered, and was not refused"]
        return []


class _RateChange(_Devices):
    def change(self, loaded: Loaded, device: Device) -> tuple[float, list[str]] | None:
        """Set another rate; which, and the notices that came. None when there is but one."""
        others = [rate for rate in rates_of(device) if rate != device.nominal_rate]
        if not others:
            return None
        loaded.host.take_notices()
        loaded.host.set_rate(device.device, others[0])
        kinds = [
            notice.kind
            if notice.kind != "properties-changed"
            else " ".join(str(address["selector"]) for address in notice.addresses)
            for notice in loaded.host.take_notices()
            if notice.object in {device.object_id, None}
        ]
        return others[0], kinds


class RateByChange(_RateChange):
    """A device changes its rate by a configuration change: it asks the host, which stops IO."""

    id = "settings-rate-by-change"
    strictness = 2
    source = CHANGES

    def complaints(self, loaded: Loaded, device: Device) -> list[str]:
        """While IO runs."""
        client = loaded.host.add_client(device.device, name="player")
        if device.outputs:
            client.play(sources.silence())
        client.start()
        loaded.host.run(0.2)
        made = self.change(loaded, device)
        client.remove()
        if made is None or "configuration-performed" in made[1]:
            return []
        heard = ", ".join(made[1]) or "nothing"
        return [f"{device.name}: set to {made[0]:g} Hz without a configuration change ({heard})"]


class RateNotified(_RateChange):
    """A device that changes its rate sends a notification of it."""

    id = "settings-rate-notified"
    strictness = 3
    source = "AudioServerPlugIn.h: PropertiesChanged"

    def complaints(self, loaded: Loaded, device: Device) -> list[str]:
        """Listen."""
        made = self.change(loaded, device)
        if made is None or any("nsrt" in kind.split() or "****" in kind for kind in made[1]):
            return []
        # A configuration change says by itself that everything is to be read anew.
        if "configuration-performed" in made[1]:
            return []
        return [f"{device.name}: set to {made[0]:g} Hz, and listeners hear nothing of 'nsrt'"]


class RateAnnounced(_RateChange):
    """A device that announces its rate when it is set announces it after a change, too."""

    id = "settings-rate-announced"
    strictness = 9
    need = Need.OPTIONAL
    source = "the host finds out what a change changed; who tells some of it should tell all"

    def complaints(self, loaded: Loaded, device: Device) -> list[str]:
        """Set it to what it is, then to another: what the driver says itself, both times."""
        plugin = loaded.plugin.plugin
        if len(rates_of(device)) < 2:
            return []
        loaded.host.take_notices()
        loaded.host.set_property(plugin, device.object_id, "nsrt", device.nominal_rate)
        if not _tells_rate(loaded, device):
            return []
        made = self.change(loaded, device)
        if made is None or any(_names_rate(kind.split()) for kind in made[1]):
            return []
        said = f"{device.name}: set to its own rate it sends 'nsrt', and after the change to "
        return [f"{said}{made[0]:g} Hz it does not"]


def _tells_rate(loaded: Loaded, device: Device) -> bool:
    return any(
        _names_rate([str(address["selector"]) for address in notice.addresses])
        for notice in loaded.host.take_notices()
        if notice.kind == "properties-changed" and notice.object == device.object_id
    )


def _names_rate(selectors: list[str]) -> bool:
    return "nsrt" in selectors or "****" in selectors


class AbortHeard(_Devices):
    """A configuration change that the host aborts changes nothing."""

    id = "settings-aborted-change"
    strictness = 4
    source = "AudioServerPlugIn.h: AbortDeviceConfigurationChange"

    def complaints(self, loaded: Loaded, device: Device) -> list[str]:
        """Refuse one, then let one pass."""
        others = [rate for rate in rates_of(device) if rate != device.nominal_rate]
        if not others:
            return []
        loaded.host.refuse_changes(device.device, 1_000)
        try:
            loaded.host.set_rate(device.device, others[0])
        except HostError as error:
            self.note(f"refused with: {error.status}")
        loaded.host.refuse_changes(device.device, 0)
        now = loaded.host.device(device.device).nominal_rate
        if now != device.nominal_rate:
            return [f"{device.name}: the change was aborted, and it has {now:g} Hz all the same"]
        try:
            now = loaded.host.set_rate(device.device, others[0]).nominal_rate
        except HostError as error:
            return [f"{device.name}: after an aborted change {others[0]:g} Hz is refused ({error})"]
        if now != others[0]:
            return [f"{device.name}: after an aborted change nothing changes any more"]
        return []


class RateKept(_Devices):
    """IO runs on after a change of the rate, and again at the first one."""

    id = "settings-rate-and-back"
    strictness = 3
    source = CHANGES

    def complaints(self, loaded: Loaded, device: Device) -> list[str]:
        """There and back, playing."""
        others = [rate for rate in rates_of(device) if rate != device.nominal_rate]
        client = loaded.host.add_client(device.device, name="player")
        if device.outputs:
            client.play(sources.silence())
        client.start()
        found = []
        for rate in (*others[:1], device.nominal_rate):
            loaded.host.set_rate(device.device, rate)
            before = loaded.host.io_stats(device.device)
            loaded.host.run(0.5)
            after = loaded.host.io_stats(device.device)
            if after.cycles == before.cycles:
                found.append(f"{device.name}: IO stands still at {rate:g} Hz")
            if after.driver_errors > before.driver_errors:
                found.append(
                    f"{device.name}: at {rate:g} Hz {after.last_driver_error_text} in "
                    f"{after.last_driver_error_operation}"
                )
        client.remove()
        return found


class FormatsAccepted(_Devices):
    """Every physical format that a stream offers can be set, where any can, and is then its own."""

    id = "settings-formats-accepted"
    strictness = 3
    source = "AudioHardware.h: kAudioStreamPropertyAvailablePhysicalFormats"

    def complaints(self, loaded: Loaded, device: Device) -> list[str]:
        """Set each, at the lowest rate that it is offered for."""
        found = []
        for stream in device.streams:
            where = {"plugin": loaded.plugin.plugin, "id": stream.id}
            if not loaded.host.call("property.is_settable", object=where, selector="pft "):
                continue
            offered = loaded.host.get_property(loaded.plugin.plugin, stream.id, "pfta")
            for entry in offered or []:
                asked = _format_of(entry)
                try:
                    now = loaded.host.set_format(device.device, stream.id, asked)
                except HostError as error:
                    found.append(f"stream {stream.id}: {_said(asked)} is refused ({error})")
                    continue
                got = next(one for one in now.streams if one.id == stream.id).physical_format
                if (got.sample_rate, got.channels, got.bits) != (
                    asked.sample_rate,
                    asked.channels,
                    asked.bits,
                ):
                    found.append(f"stream {stream.id}: set to {_said(asked)}, it has {_said(got)}")
        return found


class OtherFormatsRefused(_Devices):
    """A format that a stream does not offer is refused, and its format stays."""

    id = "settings-other-formats-refused"
    strictness = 4
    source = "AudioHardwareBase.h: kAudioDeviceUnsupportedFormatError"

    def complaints(self, loaded: Loaded, device: Device) -> list[str]:
        """One of 7 bits and 61 channels."""
        found = []
        for stream in device.streams:
            asked = Format(
                sample_rate=device.nominal_rate,
                flags=4 | 8,
                bytes_per_packet=61,
                frames_per_packet=1,
                bytes_per_frame=61,
                channels=61,
                bits=7,
            )
            try:
                now = loaded.host.set_format(device.device, stream.id, asked)
            except HostError as error:
                if error.status == "timeout":  # the driver took it, and that is all
                    found.append(f"stream {stream.id}: {_said(asked)} is not offered, and taken")
                now = loaded.host.device(device.device)
            got = next(one for one in now.streams if one.id == stream.id)
            if got.physical_format != stream.physical_format:
                found.append(f"stream {stream.id}: set to {_said(asked)}, it has "
                             f"{_said(got.physical_format)}")  # fmt: skip
        return found


def _format_of(entry: dict[str, Any]) -> Format:
    """A ranged format of the control protocol, at a rate that it is offered for."""
    made = Format.model_validate(entry["format"])
    low, high = (float(rate) for rate in entry["rates"])
    inside = low <= made.sample_rate <= high
    return made if inside else made.model_copy(update={"sample_rate": low})


def _said(one: Format) -> str:
    return f"{one.channels} channels of {one.bits} bits at {one.sample_rate:g} Hz"
