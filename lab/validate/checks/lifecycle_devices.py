"""Calls about devices that are not there, not yet there, or not asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lab.host import probe_calls as calls
from lab.host.probe import Instance
from lab.host.probe_calls import Call
from lab.host.probe_models import CallResult, CreateResult
from lab.validate.check import Check, Need
from lab.validate.raw.answers import PLUG_IN, needed
from lab.validate.raw.device import RawDevice, listed_devices
from lab.validate.subject import Subject

NO_DEVICE = 0x7FFF_0001
CLIENT = 1
NOBODY_ASKED = (0, 0x6C61_622D_6E6F_6E65, 2**64 - 1)
"""Actions of changes that no driver has."""
DESCRIPTIONS: tuple[dict[str, str], ...] = (
    {},
    {"uid": "org.hal-lab.made", "name": "Made by hal-lab"},
)


class _Devices(Check):
    family = "lifecycle"
    need = Need.REQUIRED


class Created(_Devices):
    """CreateDevice makes a device that is there until DestroyDevice, or is refused."""

    id = "lifecycle-create-device"
    strictness = 4
    source = "AudioServerPlugIn.h: CreateDevice, DestroyDevice (transport managers have them)"

    def run(self, subject: Subject) -> None:
        """With an empty description, and with a UID and a name."""
        driver = subject.instance()
        for description in DESCRIPTIONS:
            answer = driver.call(calls.create_device(description), CreateResult)
            if not answer.ok:
                continue
            made = answer.device
            said = f"CreateDevice({description}) succeeded and gave device {made}"
            if made is None:
                self.expect(made, f"{said}: it should have named one")
                continue
            self.expect(
                driver.has(made, "clas").has is True and made in needed(driver, PLUG_IN, "dev#"),
                f"{said}, which does not exist, or is not in the list of devices; CreateDevice "
                "should have answered kAudioHardwareUnsupportedOperationError, or made it",
            )
            gone = driver.call(calls.destroy_device(made), CallResult)
            self.expect(
                gone.ok and made not in needed(driver, PLUG_IN, "dev#"),
                f"{said}; DestroyDevice of it answered {gone.status_text}, and it should be gone",
            )


class Destroyed(_Devices):
    """DestroyDevice refuses a device that does not exist, and one that nobody has created."""

    id = "lifecycle-destroy-device"
    strictness = 6
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: DestroyDevice (of a device that CreateDevice made)"

    def run(self, subject: Subject) -> None:
        """No device, the plug-in, and each of the driver's own."""
        driver = subject.instance()
        for wrong in (NO_DEVICE, PLUG_IN):
            answer = driver.call(calls.destroy_device(wrong), CallResult)
            self.expect(
                not answer.ok,
                f"DestroyDevice of object {wrong}, which is no device, answered 0; an error "
                "should have come",
            )
        before = needed(driver, PLUG_IN, "dev#")
        for device in before:
            answer = driver.call(calls.destroy_device(device), CallResult)
            there = device in needed(driver, PLUG_IN, "dev#")
            self.expect(
                there != answer.ok,
                f"DestroyDevice of device {device}, which CreateDevice has not made, answered "
                f"{answer.status_text}, and the device is {'there' if there else 'gone'}; it "
                "should be refused",
            )


class NoSuchDevice(_Devices):
    """Calls for a device that does not exist are refused."""

    id = "lifecycle-unknown-device"
    strictness = 6
    need = Need.RECOMMENDED
    source = "AudioHardwareBase.h: kAudioHardwareBadObjectError, kAudioHardwareBadDeviceError"

    def run(self, subject: Subject) -> None:
        """No object, the plug-in, and a stream."""
        driver = subject.instance()
        wrong = {NO_DEVICE: "which does not exist", PLUG_IN: "which is the plug-in"}
        for device in listed_devices(driver):
            wrong[device.stream_ids()[0]] = "which is a stream"
        for object_, what in wrong.items():
            self.expect_all(_taken(driver, object_, what))


def _taken(driver: Instance, object_: int, what: str) -> Iterator[str]:
    for call in _of_device(object_):
        answer = driver.call(call, CallResult)
        if answer.ok:
            yield (
                f"{call.function} of object {object_}, {what}, answered 0; "
                "kAudioHardwareBadObjectError should have come"
            )


def _of_device(object_: int) -> tuple[Call, ...]:
    return (
        calls.add_client(object_, CLIENT),
        calls.start_io(object_, CLIENT),
        calls.zero_timestamp(object_, CLIENT),
        calls.will_do(object_, CLIENT, "rite"),
        calls.stop_io(object_, CLIENT),
        calls.remove_client(object_, CLIENT),
        calls.perform_change(object_, NOBODY_ASKED[0]),
        calls.abort_change(object_, NOBODY_ASKED[0]),
    )


class TooEarly(_Devices):
    """Calls before Initialize do no harm: no crash, and Initialize succeeds after them."""

    id = "lifecycle-before-initialize"
    strictness = 8
    need = Need.RECOMMENDED
    source = (
        "AudioServerPlugIn.h: Initialize (comes first); robust drivers refuse all that is early"
    )

    def run(self, subject: Subject) -> None:
        """Ask another instance which devices there will be."""
        other = subject.instance()
        devices = listed_devices(other)
        other.close()  # both may need the same names of the system
        driver = subject.instance(initialized=False)
        early = [calls.has(PLUG_IN, "dev#"), calls.get(PLUG_IN, "dev#", 64)]
        for device in devices:
            early += [calls.get(device.object_id, "nsrt", 8), *_of_device(device.object_id)]
        for call in early:
            driver.call(call, CallResult)
        answer = driver.initialize()
        self.expect(
            answer.ok,
            f"after {len(early)} calls that came too early, Initialize answered "
            f"{answer.status_text}; 0 should have come",
        )
        for device in listed_devices(driver):
            self.expect(
                not device.runs(),
                f"{device.name}: right after Initialize its IO runs, for a client that started, "
                "stopped and went before it",
            )


class _Changes(_Devices):
    need = Need.RECOMMENDED
    strictness = 6

    def run(self, subject: Subject) -> None:
        """Each device, three actions."""
        driver = subject.instance()
        for device in listed_devices(driver):
            for action in NOBODY_ASKED:
                before = _settings(device)
                call = self.asked()(device.object_id, action)
                answer = driver.call(call, CallResult)
                self.expect(
                    _settings(device) == before,
                    f"{device.name}: {call.function} of the action {action:#x}, for "
                    f"which the driver never asked, answered {answer.status_text} and changed its "
                    "rate, streams or formats",
                )

    def asked(self) -> Callable[[int, int], Call]:
        """What is called, of an object and an action."""
        raise NotImplementedError


class NotAskedFor(_Changes):
    """A configuration change that the driver has not asked for changes nothing."""

    id = "lifecycle-change-not-asked-for"
    source = "AudioServerPlugIn.h: PerformDeviceConfigurationChange (actions are the driver's own)"

    def asked(self) -> Callable[[int, int], Call]:
        """Carried out."""
        return calls.perform_change


def _settings(device: RawDevice) -> list[bytes | None]:
    """Its rate, its streams and their formats, as they are."""
    found = [device.driver.get(device.object_id, "nsrt", 8).data]
    for stream in device.stream_ids():
        found += [stream.to_bytes(4, "little")]
        found += [device.driver.get(stream, one, 40).data for one in ("sfmt", "pft ")]
    return found
