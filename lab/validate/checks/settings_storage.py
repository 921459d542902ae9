"""The storage that a host keeps for a driver: that it is used, and that it is not trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lab.host.probe import Instance, Probe
from lab.validate.check import Check, Need, Unmet
from lab.validate.raw.device import devices_of
from lab.validate.raw.settable import (
    Value,
    bytes_of,
    current_of,
    number_of,
    read,
    set_raw,
    values_of,
)
from lab.validate.subject import Subject

_LATER_NS = 1_000_000_000
_KEYS = 8
_GUESSES: tuple[Any, ...] = (0.25, 1, True)
"""What a number or a switch may be stored as."""
_STRANGE: tuple[tuple[str, Any], ...] = (
    ("a string", "not a number"),
    ("an empty string", ""),
    ("an array", [1, "two", [3]]),
    ("a dictionary", {"what": {"is": "this"}}),
    ("data", {"$data": "AAECAwQ="}),
    ("a date", {"$date": 0}),
    ("a number far too large", 1e300),
    ("a negative number", -5),
    ("true", True),
)
STORAGE = "AudioServerPlugIn.h: CopyFromStorage (a property list of any type, or an error)"


def _made(probe: Probe) -> Instance:
    made = probe.create()
    if made is None:
        raise Unmet("the factory returned NULL for the type of an AudioServerPlugIn")
    return made


def _begun(probe: Probe, stored: Mapping[str, Any]) -> Instance:
    """A driver that finds this in its storage."""
    made = _made(probe)
    made.configure(stored=stored)
    answer = made.initialize()
    if not answer.ok:
        raise Unmet(f"with {dict(stored)} in storage Initialize answered {answer.status_text}")
    return made


def _keys_of(probe: Probe) -> tuple[list[str], int]:
    """What a driver asks its storage for when it begins, and how many devices it has."""
    made = _begun(probe, {})
    asked = [call.key for call in made.host_calls().host_calls if call.function.startswith("Copy")]
    count = len(devices_of(made))
    made.close()
    return list(dict.fromkeys(key for key in asked if key))[:_KEYS], count


class _Storage(Check):
    family = "settings"
    need = Need.REQUIRED
    source = STORAGE

    def run(self, subject: Subject) -> None:
        """With what a driver asks for."""
        probe = subject.probe()
        keys, devices = _keys_of(probe)
        self.some(keys, "key that it asks its storage for when it begins")
        self.look(probe, keys, devices)

    def look(self, probe: Probe, keys: list[str], devices: int) -> None:
        """Judge it."""
        raise NotImplementedError


class AnyType(_Storage):
    """A driver begins with its usual devices whatever type of value is in its storage."""

    id = "settings-storage-of-any-type"
    strictness = 5

    def look(self, probe: Probe, keys: list[str], devices: int) -> None:
        """Each key with each type."""
        for words, value in _STRANGE:
            made = _begun(probe, dict.fromkeys(keys, value))
            found = len(devices_of(made))
            made.close()
            self.expect(
                found == devices,
                f"with {words} for {', '.join(map(repr, keys))} in storage it has {found} devices; "
                f"it has {devices} with nothing in it",
            )


class MayFail(_Storage):
    """A driver begins, and can be set, when its storage answers errors only."""

    id = "settings-storage-may-fail"
    strictness = 5

    def look(self, probe: Probe, keys: list[str], devices: int) -> None:
        """Storage that fails, before Initialize."""
        del keys
        made = _made(probe)
        made.configure(storage="fails", stored={})
        answer = made.initialize()
        self.expect(answer.ok, f"its storage fails, and Initialize answers {answer.status_text}")
        found = len(devices_of(made))
        self.expect(found == devices, f"its storage fails, and it has {found} devices of {devices}")
        for value, now in current_of(made):
            refused = set_raw(made, value, now)
            self.expect(refused is None, f"its storage fails, and setting {value} is {refused}")
        made.close()


class Written(_Storage):
    """A driver that takes a setting from its storage writes it there when it is set."""

    id = "settings-storage-written"
    strictness = 5
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: WriteToStorage (what is read and never written is forgotten)"

    def look(self, probe: Probe, keys: list[str], devices: int) -> None:
        """Find which key is which setting, then set that."""
        del devices
        linked = dict(_links(probe, keys))
        self.some(list(linked), "setting that it takes from its storage")
        made = _begun(probe, {})
        for value in values_of(made):
            key = linked.get(str(value))
            if key is None:
                continue
            made.host_calls()
            for other in (0.0, 1.0):  # one of them is another than now
                set_raw(made, value, bytes_of(value, other))
            made.host.advance(_LATER_NS)  # it may write a while later
            wrote = [call.key for call in made.host_calls().host_calls if call.function[0] == "W"]
            if not wrote:  # or when it ends
                made.close()
                wrote = [
                    call.key for call in made.host_calls().host_calls if call.function[0] == "W"
                ]
                made = _begun(probe, {})
            self.expect(
                key in wrote,
                f"{value} is read from storage ({key!r}), and setting it wrote "
                f"{', '.join(map(repr, dict.fromkeys(wrote))) or 'nothing'}",
            )
        made.close()


def _links(probe: Probe, keys: list[str]) -> Iterator[tuple[str, str]]:
    """Settings, in words, with the key of storage that they are taken from."""
    first = _settings(probe, {})
    for key in keys:
        for guess in _GUESSES:
            for name, number in _settings(probe, {key: guess}).items():
                if name in first and first[name] != number:
                    yield name, key


def _settings(probe: Probe, stored: Mapping[str, Any]) -> dict[str, float]:
    """Numbers that can be set, as they are when the driver begins; decibels follow scalars."""
    made = _begun(probe, stored)
    found = {str(value): number_of(value, read(made, value)) for value in values_of(made)
             if _is_number(value)}  # fmt: skip
    made.close()
    return found


def _is_number(value: Value) -> bool:
    return value.settable and value.kind in {"u32", "f32"} and value.selector != "lcdv"
