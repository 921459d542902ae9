"""The tree of objects: what owns what, and whether all of it can be believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from lab.validate.check import Check, Need
from lab.validate.contract import BASES
from lab.validate.raw.answers import PLUG_IN
from lab.validate.subject import Loaded, Subject


def nodes(node: dict[str, Any], owner: int = 0) -> Iterator[tuple[dict[str, Any], int]]:
    """Each object of a tree of `Host.tree`, once, and who owns it first."""
    return ((one, by) for one, by in mentions(node, owner) if "class" in one)


def mentions(node: dict[str, Any], owner: int = 0) -> Iterator[tuple[dict[str, Any], int]]:
    """The same as often as it is owned; all but the first have no class, and nothing but an ID."""
    yield node, owner
    for child in node.get("owned", []):
        yield from mentions(child, int(node["id"]))


class _Tree(Check):
    family = "objects"

    def run(self, subject: Subject) -> None:
        """Look at the tree of a driver that was just loaded."""
        loaded = subject.loaded()
        self.look(loaded, list(mentions(loaded.host.tree(loaded.plugin.plugin))))

    def look(self, loaded: Loaded, tree: list[tuple[dict[str, Any], int]]) -> None:
        """Judge it."""
        raise NotImplementedError


class UniqueIds(_Tree):
    """No two objects have the same ID, and none has the ID 0."""

    id = "objects-ids-unique"
    strictness = 1
    need = Need.REQUIRED
    source = "AudioHardwareBase.h: AudioObjectID, kAudioObjectUnknown"

    def look(self, loaded: Loaded, tree: list[tuple[dict[str, Any], int]]) -> None:
        """Count IDs."""
        del loaded
        counts = Counter(int(node["id"]) for node, _ in tree)
        self.expect(0 not in counts, "an owned object has the ID 0, which means: no object")
        self.expect_all(
            f"object {number} is owned {count} times: {_owners(tree, number)}"
            for number, count in counts.items()
            if count > 1
        )


class OwnersAgree(_Tree):
    """An object's kAudioObjectPropertyOwner is the object that lists it among what it owns."""

    id = "objects-owners-agree"
    strictness = 2
    need = Need.REQUIRED
    source = "AudioHardwareBase.h: kAudioObjectPropertyOwner, kAudioObjectPropertyOwnedObjects"

    def look(self, loaded: Loaded, tree: list[tuple[dict[str, Any], int]]) -> None:
        """Ask each for its owner."""
        plugin = loaded.plugin.plugin
        complaints = []
        for node, owner in tree:
            told = loaded.host.get_property(plugin, int(node["id"]), "stdv")
            if told != owner:
                complaints.append(
                    f"object {node['id']} is owned by {owner}, and says that its owner is {told}"
                )
        self.expect_all(complaints)


class BaseClasses(_Tree):
    """The base class of each object is the one that AudioHardwareBase.h gives its class."""

    id = "objects-base-classes"
    strictness = 3
    need = Need.REQUIRED
    source = "AudioHardwareBase.h: class IDs; kAudioObjectPropertyBaseClass"

    def look(self, loaded: Loaded, tree: list[tuple[dict[str, Any], int]]) -> None:
        """Hold them against the table; classes of the driver's own are not in it."""
        del loaded
        known = [node for node, _ in tree if node.get("class") in BASES]
        self.expect_all(
            f"object {node['id']} of class '{node['class']}' says that its base class is "
            f"'{node['base_class']}', and it is '{BASES[node['class']]}'"
            for node in known
            if node["base_class"] != BASES[node["class"]]
        )


class PlugInObject(_Tree):
    """The plug-in object has the ID 1, the class 'aplg', and no owner."""

    id = "objects-plug-in-first"
    strictness = 1
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: kAudioObjectPlugInObject"

    def look(self, loaded: Loaded, tree: list[tuple[dict[str, Any], int]]) -> None:
        """Look at the root."""
        root, _ = tree[0]
        self.expect(
            root["id"] == PLUG_IN and root["class"] == "aplg",
            f"object 1 is of class '{root['class']}', and must be of 'aplg'",
        )
        owner = loaded.host.get_property(loaded.plugin.plugin, PLUG_IN, "stdv")
        self.expect(owner == 0, f"the plug-in says that object {owner} owns it; nothing does")


class StableTree(Check):
    """The tree is the same each time it is asked for, and after loading the driver again."""

    id = "objects-tree-stable"
    family = "objects"
    strictness = 3
    need = Need.REQUIRED
    source = "AudioHardwareBase.h: an object's ID does not change while it is there"

    def run(self, subject: Subject) -> None:
        """Ask five times, and in a second process."""
        loaded = subject.loaded()
        first = loaded.host.tree(loaded.plugin.plugin)
        for turn in range(2, 6):
            again = loaded.host.tree(loaded.plugin.plugin)
            self.expect(again == first, f"asked for the {turn}th time the tree is another one")
        loaded.host.close()
        other = subject.loaded()
        self.expect(
            _shape(other.host.tree(other.plugin.plugin)) == _shape(first),
            "in a second process the tree has other classes or another shape",
        )


def _shape(node: dict[str, Any]) -> Any:
    return node.get("class"), [_shape(child) for child in node.get("owned", [])]


def _owners(tree: list[tuple[dict[str, Any], int]], number: int) -> str:
    owners = [str(owner) for node, owner in tree if node["id"] == number]
    return "by " + " and by ".join(owners)
