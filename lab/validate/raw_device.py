"""A device, called slot by slot: for checks of orders in which no host would call it."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from lab.host.probe import Instance
from lab.validate.check import Unmet

PLUGIN = 1
"""kAudioObjectPlugInObject."""
_ROOM = 4096
_RUNNING = "goin"
_NAME = "lnam"


@dataclass(frozen=True)
class RawDevice:
    """A device of a driver that a probe has made.

    Attributes
    ----------
    driver
        Whose.
    id
        Its object.
    name
        As it says, for evidence.
    """

    driver: Instance
    id: int
    name: str

    def runs(self) -> bool:
        """Whether it says that its IO runs (kAudioDevicePropertyDeviceIsRunning).

        Raises
        ------
        Unmet
            When it does not say.
        """
        answer = self.driver.get(self.id, _RUNNING, 4)
        if not answer.ok or answer.data is None or len(answer.data) != 4:
            raise Unmet(
                f"{self.name}: asked for kAudioDevicePropertyDeviceIsRunning, it answered "
                f"{answer.status_text} and {answer.size} bytes; 4 should have come"
            )
        return any(answer.data)

    def streams(self) -> tuple[int, ...]:
        """Its streams, in both directions."""
        return ids(self.driver, self.id, "stm#")


def ids(driver: Instance, object_: int, selector: str) -> tuple[int, ...]:
    """A list of object IDs.

    Raises
    ------
    Unmet
        When the driver does not give it.
    """
    answer = driver.get(object_, selector, _ROOM)
    if not answer.ok or answer.data is None:
        raise Unmet(
            f"object {object_} answered {answer.status_text} when it was asked for the list "
            f"'{selector}'"
        )
    count = len(answer.data) // 4
    return struct.unpack(f"={count}I", answer.data[: 4 * count])


def text(driver: Instance, object_: int, selector: str) -> str | None:
    """A string; None when there is none."""
    answer = driver.get(object_, selector, 8, cf=True)
    if not answer.ok or answer.reference is None or not isinstance(answer.reference.value, str):
        return None
    return answer.reference.value


def raw_devices(driver: Instance) -> tuple[RawDevice, ...]:
    """All devices that the plug-in lists, with at least one stream.

    Raises
    ------
    Unmet
        When it gives no list.
    """
    listed = [
        RawDevice(driver, one, text(driver, one, _NAME) or f"device {one}")
        for one in ids(driver, PLUGIN, "dev#")
    ]
    return tuple(device for device in listed if device.streams())
