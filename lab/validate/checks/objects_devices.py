"""What devices and streams say of themselves, held against what else is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlparse

from lab.host import sources
from lab.host.errors import HostError
from lab.host.models import Device
from lab.validate.check import Check, Need
from lab.validate.raw.answers import code_text
from lab.validate.subject import Loaded, Subject

_TRANSPORTS = {
    *("bltn", "grup", "virt", "pci ", "usb ", "1394", "blue", "blea", "hdmi", "dprt", "airp"),
    *("eavb", "thun", "ccwd", "ccwl", "ccap", "fgrp"),
}
_TERMINALS = {
    *("line", "spdf", "spkr", "hdph", "lfes", "rspk", "micr", "hmic", "rmic", "tty_", "hdmi"),
    "dprt",
}
LATENCY_MAX_S = 2.0
HARDWARE = "AudioHardware.h"


class _Devices(Check):
    family = "objects"
    need = Need.REQUIRED
    source = HARDWARE

    def run(self, subject: Subject) -> None:
        """Each device."""
        loaded = subject.loaded()
        found = self.some(loaded.devices, "device")
        self.expect_all(
            f"{device.name}: {line}"
            for device in found
            for line in self.complaints(_Asked(loaded, device))
        )

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """What is wrong with one."""
        raise NotImplementedError


class _Asked:
    """A device that can be asked."""

    def __init__(self, loaded: Loaded, device: Device) -> None:
        self.loaded = loaded
        self.device = device
        self.plugin = loaded.plugin.plugin

    def has(self, selector: str, scope: str = "glob") -> bool:
        """Whether it has a property."""
        return self.loaded.host.has_property(self.plugin, self.device.object_id, selector, scope)

    def get(self, selector: str, scope: str = "glob", *, of: int | None = None) -> Any:
        """A property, of the device or of another object."""
        number = self.device.object_id if of is None else of
        return self.loaded.host.get_property(self.plugin, number, selector, scope)

    @property
    def directions(self) -> Iterator[tuple[str, str]]:
        """Scope and word of each direction in which it has streams."""
        for scope, word in (("inpt", "input"), ("outp", "output")):
            if any(stream.direction == word for stream in self.device.streams):
                yield scope, word


class Named(_Devices):
    """Every device has a name, a manufacturer, a UID and a model UID."""

    id = "objects-devices-named"
    strictness = 1

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """None may be empty."""
        for selector, what in (("lnam", "name"), ("uid ", "UID"), ("muid", "model UID")):
            if not str(asked.get(selector) or "").strip():
                yield f"its {what} is empty"
        if not asked.has("lmak") or not str(asked.get("lmak") or "").strip():
            yield "it names no manufacturer"


class Related(_Devices):
    """The related devices of a device include itself."""

    id = "objects-related-devices"
    strictness = 3
    source = f"{HARDWARE}: kAudioDevicePropertyRelatedDevices"

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """Ask."""
        if asked.has("akin") and asked.device.object_id not in asked.get("akin"):
            yield f"its related devices are {asked.get('akin')}, without itself"


class Transport(_Devices):
    """The transport type of a device is one of AudioHardwareBase.h, and not unknown."""

    id = "objects-transport-type"
    strictness = 2
    need = Need.RECOMMENDED
    source = "AudioHardwareBase.h: kAudioDeviceTransportType..."

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """Ask."""
        told = _code(asked.get("tran"))
        if told not in _TRANSPORTS:
            yield f"its transport type is {told!r}"


class Terminals(_Devices):
    """The terminal type of a stream is one of AudioHardwareBase.h."""

    id = "objects-terminal-type"
    strictness = 3
    need = Need.RECOMMENDED
    source = "AudioHardwareBase.h: kAudioStreamTerminalType..."

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """0 is unknown, and allowed."""
        for stream in asked.device.streams:
            told = _code(asked.get("term", of=stream.id))
            if told not in {*_TERMINALS, 0}:
                yield f"the terminal type of stream {stream.id} is {told!r}"


class CanBeDefault(_Devices):
    """Whether a device can be the default is told as 0 or 1, and a hidden one cannot."""

    id = "objects-can-be-default"
    strictness = 2
    source = f"{HARDWARE}: kAudioDevicePropertyDeviceCanBeDefaultDevice, ...IsHidden"

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """By direction."""
        for scope, word in asked.directions:
            for selector in ("dflt", "sflt"):
                if not asked.has(selector, scope):
                    continue
                told = asked.get(selector, scope)
                if told not in {0, 1}:
                    yield f"'{selector}' of its {word} is {told}"
                if told and asked.device.hidden:
                    yield f"it is hidden, and '{selector}' of its {word} is {told}"


class Latency(_Devices):
    """Latency and safety offset are told for each direction, and below two seconds together."""

    id = "objects-latency-sane"
    strictness = 2
    source = f"{HARDWARE}: kAudioDevicePropertyLatency, kAudioDevicePropertySafetyOffset"

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """By direction."""
        most = LATENCY_MAX_S * asked.device.nominal_rate
        for scope, word in asked.directions:
            frames = asked.get("ltnc", scope) + asked.get("saft", scope)
            if frames > most:
                yield f"latency and safety offset of its {word} are {frames} frames"


class Streams(_Devices):
    """The lists of streams by direction are those of the device, and each knows its direction."""

    id = "objects-streams-agree"
    strictness = 1
    source = f"{HARDWARE}: kAudioDevicePropertyStreams, kAudioStreamPropertyDirection"

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """Three lists."""
        whole = asked.get("stm#") or []
        parts: list[int] = []
        for scope, direction in (("inpt", 1), ("outp", 0)):
            listed = (asked.get("stm#", scope) or []) if asked.has("stm#", scope) else []
            parts += listed
            for number in listed:
                told = asked.get("sdir", of=number)
                if told != direction:
                    yield f"stream {number} is listed in '{scope}' and says direction {told}"
                if asked.get("stdv", of=number) != asked.device.object_id:
                    yield f"stream {number} is not owned by the device that lists it"
        if sorted(parts) != sorted(whole):
            yield f"its streams are {whole}, and by direction {parts}"


class StartingChannels(_Devices):
    """The streams of a direction begin with channel 1 and lie side by side."""

    id = "objects-starting-channels"
    strictness = 3
    source = f"{HARDWARE}: kAudioStreamPropertyStartingChannel"

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """By direction."""
        for _, word in asked.directions:
            following = 1
            streams = [one for one in asked.device.streams if one.direction == word]
            for stream in sorted(streams, key=lambda one: one.starting_channel):
                if stream.starting_channel != following:
                    yield (
                        f"{word} stream {stream.id} begins with channel {stream.starting_channel}; "
                        f"{following} would be next"
                    )
                following = stream.starting_channel + stream.virtual_format.channels


class FormatsAgree(_Devices):
    """The formats of a stream have the device's rate, add up, and are among those it offers."""

    id = "objects-formats-agree"
    strictness = 2
    source = f"{HARDWARE}: kAudioStreamPropertyVirtualFormat, ...PhysicalFormat, ...Available..."

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """Each stream, both formats."""
        for stream in asked.device.streams:
            for selector, listed in (("sfmt", "sfma"), ("pft ", "pfta")):
                one = asked.get(selector, of=stream.id)
                where = f"'{selector}' of stream {stream.id}"
                if one["sample_rate"] != asked.device.nominal_rate:
                    yield f"{where} has {one['sample_rate']:g} Hz, the device another rate"
                if one["bytes_per_packet"] != one["bytes_per_frame"] * one["frames_per_packet"]:
                    yield f"{where}: {one['bytes_per_packet']} bytes a packet do not add up"
                interleaved = not one["flags"] & 32
                wide = one["channels"] if interleaved else 1
                if one["flags"] & 8 and one["bytes_per_frame"] * 8 != wide * one["bits"]:
                    yield f"{where}: {one['bytes_per_frame']} bytes a frame do not add up"
                offered = asked.get(listed, of=stream.id) or []
                if not any(_is_offered(one, entry) for entry in offered):
                    yield f"{where} is not among the {len(offered)} that '{listed}' offers"


class VirtualIsFloat(_Devices):
    """The virtual format of a mixable stream is packed native Float32."""

    id = "objects-virtual-format-canonical"
    strictness = 3
    source = "AudioServerPlugIn.h: the canonical format of the IO operations"

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """Each stream."""
        for stream in asked.device.streams:
            one = stream.virtual_format
            mixable = not one.flags & 64 and one.format_id == "lpcm"
            if mixable and (one.flags & 0b1011 != 0b1001 or one.bits != 32):
                yield f"stream {stream.id} has {one.bits} bits with flags {one.flags:#x}"


class StereoChannels(_Devices):
    """The preferred channels for stereo are channels that the device has."""

    id = "objects-stereo-channels"
    strictness = 3
    source = f"{HARDWARE}: kAudioDevicePropertyPreferredChannelsForStereo"

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """By direction."""
        for scope, word in asked.directions:
            count = _channels(asked.device, word)
            if asked.has("dch2", scope):
                told = asked.get("dch2", scope)
                if len(told) != 2 or not all(1 <= channel <= max(count, 1) for channel in told):
                    yield f"'dch2' of its {word} is {told}; it has {count} channels"


class Layout(_Devices):
    """The preferred channel layout describes as many channels as the device has."""

    id = "objects-channel-layout"
    strictness = 4
    source = f"{HARDWARE}: kAudioDevicePropertyPreferredChannelLayout"

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """By direction; a tag says how many in its lower half."""
        for scope, word in asked.directions:
            if not asked.has("srnd", scope):
                continue
            try:
                told = asked.get("srnd", scope)
            except HostError as error:
                if error.status != "contract":
                    raise
                yield f"'srnd' of its {word}: {error}"
                continue
            tag, count = int(told["tag"]), _channels(asked.device, word)
            described = len(told["channels"]) if tag == 0 else tag & 0xFFFF
            if tag != 0x10000 and described != count:
                yield f"'srnd' of its {word} describes {described} channels; it has {count}"


class Icon(_Devices):
    """The icon of a device is a file in the bundle."""

    id = "objects-icon-in-bundle"
    strictness = 4
    need = Need.OPTIONAL
    source = f"{HARDWARE}: kAudioDevicePropertyIcon"

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """Where there is one."""
        if not asked.has("icon"):
            return
        url = asked.get("icon")
        path = Path(unquote(urlparse(str(url or "")).path))
        bundle = Path(asked.loaded.plugin.path).resolve()
        if not path.is_file():
            yield f"its icon {url} is no file"
        elif not path.resolve().is_relative_to(bundle):
            yield f"its icon {url} is not in the bundle, where the sandbox lets nobody read it"


class Controls(_Devices):
    """The list of controls of a device is what it owns of that kind, and each knows its scope."""

    id = "objects-controls-agree"
    strictness = 3
    source = "AudioHardwareBase.h: kAudioObjectPropertyControlList, kAudioControlPropertyScope"
    scopes: ClassVar = {"glob", "inpt", "outp", "ptru"}

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """Ask each."""
        listed = (asked.get("ctrl") or []) if asked.has("ctrl") else []
        owned = asked.get("ownd") or []
        streams = {stream.id for stream in asked.device.streams}
        for number in sorted(set(listed) - set(owned)):
            yield f"control {number} is in 'ctrl', and the device does not own it"
        for number in sorted(set(owned) - streams - set(listed)):
            yield f"object {number} is owned, and is neither a stream nor in 'ctrl'"
        for number in listed:
            scope = _code(asked.get("cscp", of=number))
            if scope not in self.scopes:
                yield f"the scope of control {number} is {scope!r}"


class Alive(_Devices):
    """A device that is there says that it is alive, and whether its IO runs."""

    id = "objects-alive-and-running"
    strictness = 2
    source = f"{HARDWARE}: kAudioDevicePropertyDeviceIsAlive, ...IsRunning"

    def complaints(self, asked: _Asked) -> Iterator[str]:
        """Before, while and after IO runs."""
        if asked.get("livn") != 1:
            yield f"'livn' is {asked.get('livn')}"
        try:
            told = _running(asked)
        except HostError as error:
            if error.status != "unsupported":
                raise
            self.note(f"{asked.device.name} is not played to: {error}")
            return
        if told != [False, True, False][: len(told)]:
            yield f"'goin' is {told} before, while and after its IO runs"


class UidsFound(Check):
    """The plug-in finds each device by its UID, and none by a UID that nobody has."""

    id = "objects-found-by-uid"
    family = "objects"
    strictness = 2
    need = Need.REQUIRED
    source = "AudioHardwareBase.h: kAudioPlugInPropertyTranslateUIDToDevice"

    def run(self, subject: Subject) -> None:
        """Each, and one more."""
        loaded = subject.loaded()
        plugin = {"plugin": loaded.plugin.plugin, "id": 1}
        wanted = {device.uid: device.object_id for device in loaded.devices}
        complaints = []
        for uid, number in (*wanted.items(), ("nobody has this UID", 0)):
            qualifier = {"type": "string", "value": uid}
            told = loaded.host.call(
                "property.get", object=plugin, selector="uidd", qualifier=qualifier
            )
            if told != number:
                complaints.append(f"asked for {uid!r}, 'uidd' says {told}; it should be {number}")
        self.expect_all(complaints)


class UidsStable(Check):
    """UIDs are unique, and the same each time that the driver is loaded."""

    id = "objects-uids-stable"
    family = "objects"
    strictness = 2
    need = Need.REQUIRED
    source = f"{HARDWARE}: kAudioDevicePropertyDeviceUID (persistent across boots)"

    def run(self, subject: Subject) -> None:
        """In three processes, the last with another clock."""
        seen: list[list[str]] = []
        for _ in range(3):
            loaded = subject.loaded()
            seen.append([device.uid for device in loaded.devices])
            loaded.host.close()
        self.expect(len(set(seen[0])) == len(seen[0]), f"two devices have one UID: {seen[0]}")
        self.expect(
            seen[1] == seen[0] and seen[2] == seen[0],
            f"UIDs change from load to load: {' and '.join(str(one) for one in seen)}",
        )


class DeviceList(Check):
    """The plug-in's list of devices is what it owns of that class."""

    id = "objects-device-list"
    family = "objects"
    strictness = 1
    need = Need.REQUIRED
    source = "AudioHardwareBase.h: kAudioPlugInPropertyDeviceList, kAudioObjectPropertyOwnedObjects"

    def run(self, subject: Subject) -> None:
        """Compare."""
        loaded = subject.loaded()
        plugin, host = loaded.plugin.plugin, loaded.host
        listed = host.get_property(plugin, 1, "dev#") or []
        owned = host.get_property(plugin, 1, "ownd") or []
        missing = sorted(set(listed) - set(owned))
        self.expect(
            not missing, f"devices {missing} are in 'dev#', and the plug-in does not own them"
        )
        classes = {number: host.get_property(plugin, number, "clas") for number in owned}
        unlisted = [n for n, kind in classes.items() if kind == "adev" and n not in listed]
        self.expect(not unlisted, f"devices {unlisted} are owned, and not in 'dev#'")


def _running(asked: _Asked) -> list[bool]:
    """What a device says of it before, while and after its IO runs; before, if it has no IO."""
    told = [asked.get("goin")]
    if asked.device.streams:
        client = asked.loaded.host.add_client(asked.device.device, name="runner")
        if asked.device.outputs:
            client.play(sources.silence())
        client.start()
        told.append(asked.get("goin"))
        client.stop()
        told.append(asked.get("goin"))
        client.remove()
    return [bool(one) for one in told]


def _channels(device: Device, direction: str) -> int:
    streams = [stream for stream in device.streams if stream.direction == direction]
    return sum(stream.virtual_format.channels for stream in streams)


def _is_offered(one: dict[str, Any], entry: dict[str, Any]) -> bool:
    offered = entry["format"]
    low, high = entry["rates"]
    same = all(one[key] == offered[key] for key in ("channels", "bits", "format_id", "flags"))
    return same and low <= one["sample_rate"] <= high


def _code(value: Any) -> Any:
    """A four-character code as text, whichever type the contract gives it."""
    if isinstance(value, int) and value > 0xFFFF:
        return code_text(value)
    return value
