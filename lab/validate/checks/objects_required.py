"""What each class of objects has to answer, and whether all that it has can be read."""

from __future__ import annotations

from typing import Any

from lab.validate.check import Check, Need
from lab.validate.checks.objects_tree import nodes
from lab.validate.raw.device import devices_of
from lab.validate.subject import Loaded, Subject

EVERY = ("bcls", "clas", "stdv")
REQUIRED: dict[str, tuple[str, ...]] = {
    "aplg": (*EVERY, "ownd", "dev#", "uidd"),
    "abox": (*EVERY, "ownd", "buid", "tran", "bxon", "bdv#"),
    "adev": (
        *(*EVERY, "ownd", "lnam", "uid ", "muid", "tran", "akin", "clkd", "livn", "goin"),
        *("stm#", "ctrl", "nsrt", "nsr#", "ring"),
    ),
    "astr": (
        *(*EVERY, "sact", "sdir", "term", "schn", "ltnc"),
        *("sfmt", "sfma", "pft ", "pfta"),
    ),
    "vlme": (*EVERY, "cscp", "celm", "lcsv", "lcdv", "lcdr", "lcsd", "lcds"),
    "mute": (*EVERY, "cscp", "celm", "bcvl"),
    "slct": (*EVERY, "cscp", "celm", "scci", "scai", "scin"),
    "dsrc": (*EVERY, "cscp", "celm", "scci", "scai", "scin"),
    "dest": (*EVERY, "cscp", "celm", "scci", "scai", "scin"),
    "clck": (*EVERY, "cscp", "celm", "scci", "scai", "scin"),
}
"""Of the global scope: AudioServerPlugIn.h and AudioHardwareBase.h."""
BY_DIRECTION = ("dflt", "ltnc", "stm#", "saft")
"""Of a device, for each direction in which it has streams."""
SETTABLE_NEVER = frozenset({"bcls", "clas", "stdv", "ownd", "uid ", "muid", "stm#", "ctrl", "sdir"})
"""What an object is: nobody can set it."""


def tree_of(loaded: Loaded) -> list[dict[str, Any]]:
    """All objects, each once."""
    seen: dict[int, dict[str, Any]] = {}
    for node, _ in nodes(loaded.host.tree(loaded.plugin.plugin)):
        seen.setdefault(int(node["id"]), node)
    return list(seen.values())


class RequiredProperties(Check):
    """Every object has the properties that its class must have."""

    id = "objects-required-properties"
    family = "objects"
    strictness = 1
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h, AudioHardwareBase.h: properties of each class"

    def run(self, subject: Subject) -> None:
        """Ask for each."""
        loaded = subject.loaded()
        plugin = loaded.plugin.plugin
        complaints = []
        for node in tree_of(loaded):
            number, kind = int(node["id"]), str(node["class"])
            complaints += [
                f"object {number} of class '{kind}' has no '{selector}'"
                for selector in REQUIRED.get(kind, EVERY)
                if not loaded.host.has_property(plugin, number, selector)
            ]
        for device in loaded.devices:
            for direction in sorted({stream.direction for stream in device.streams}):
                scope = "inpt" if direction == "input" else "outp"
                complaints += [
                    f"{device.name} has no '{selector}' of its {direction}"
                    for selector in BY_DIRECTION
                    if not loaded.host.has_property(plugin, device.object_id, selector, scope)
                ]
        self.expect_all(complaints)


class Hidden(Check):
    """Every device says whether it is hidden: macOS 26 does not show one that does not."""

    id = "objects-hidden-told"
    family = "objects"
    strictness = 2
    need = Need.REQUIRED
    source = "docs/reference/profiles.md: properties that activation asks for"

    def run(self, subject: Subject) -> None:
        """Where the profile asks for it; elsewhere it is worth a note.

        By raw calls: a host of such a macOS has no device that does not tell.
        """
        driver = subject.instance()
        lacking = [
            device for device in devices_of(driver) if not driver.has(device.object_id, "hidn").has
        ]
        asked = subject.profile.texts("activation.required-properties") or ()
        if lacking and "hidn" not in asked:
            self.note(f"{subject.profile.name} does not ask for it; macOS 26 does")
            return
        self.expect_all(f"{device} has no 'hidn'" for device in lacking)


class AllReadable(Check):
    """Every property that an object has can be read, with the size that it tells."""

    id = "objects-all-readable"
    family = "objects"
    strictness = 1
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: HasProperty, GetPropertyDataSize, GetPropertyData"

    def run(self, subject: Subject) -> None:
        """Dump each object."""
        loaded = subject.loaded()
        complaints = []
        for node in tree_of(loaded):
            if node["class"] is None:
                complaints.append(f"object {node['id']} is owned, and says no class")
                continue
            where = {"plugin": loaded.plugin.plugin, "id": node["id"]}
            dump: Any = loaded.host.call("object.dump", object=where)
            complaints += [
                f"object {node['id']}: {address}: {entry['error']}"
                for address, entry in dump.items()
                if "error" in entry
            ]
        self.expect_all(complaints)


class FixedIsFixed(Check):
    """What an object is (class, owner, UID, streams) is not settable."""

    id = "objects-identity-not-settable"
    family = "objects"
    strictness = 4
    need = Need.REQUIRED
    source = "AudioHardwareBase.h: these properties have no setter"

    def run(self, subject: Subject) -> None:
        """Look at what each object says."""
        loaded = subject.loaded()
        complaints = []
        for node in tree_of(loaded):
            if node["class"] is None:
                continue  # there is no such object: see objects-all-readable
            where = {"plugin": loaded.plugin.plugin, "id": node["id"]}
            dump: Any = loaded.host.call("object.dump", object=where)
            complaints += [
                f"object {node['id']} says that '{address[:4]}' is settable"
                for address, entry in dump.items()
                if entry.get("settable") and address[:4] in SETTABLE_NEVER
            ]
        self.expect_all(complaints)
