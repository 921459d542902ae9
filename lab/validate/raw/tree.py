"""All objects of a driver, as raw calls find them: no host has looked at the answers before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab.host.probe import Instance
from lab.validate.check import Unmet
from lab.validate.contract import is_a
from lab.validate.raw.answers import PLUG_IN, code, words
from lab.validate.raw.selectors import REFERENCES, WITH_ITEM

MOST_OBJECTS = 4096
_LISTS = {"aplg": ("dev#", "box#", "clk#"), "adev": ("stm#", "ctrl")}
"""In which objects of a class name others; what they own should be all."""


@dataclass(frozen=True)
class Node:
    """An object.

    Attributes
    ----------
    object_id
        Its number.
    class_id, base_class
        As it says; empty when it does not.
    listed_by
        The object that owns or lists it first; 0: none.
    """

    object_id: int
    class_id: str
    base_class: str
    listed_by: int

    def is_a(self, wanted: str) -> bool:
        """Whether it is of a standard class, or of one that is based on it."""
        return is_a(self.class_id, self.base_class, wanted)

    def __str__(self) -> str:
        return f"object {self.object_id} ('{self.class_id}')"


class Tree:
    """All objects of a driver.

    Parameters
    ----------
    driver
        Initialized.

    Attributes
    ----------
    driver
        As above.
    nodes
        Each once, the plug-in first. Also what is listed and is no object, such as 0.

    Raises
    ------
    Unmet
        When there are more than `MOST_OBJECTS`.
    """

    def __init__(self, driver: Instance) -> None:
        self.driver = driver
        self.nodes: list[Node] = []
        seen = {PLUG_IN}
        waiting = [(PLUG_IN, 0)]
        while waiting:
            number, owner = waiting.pop(0)
            names = (code(driver, number, "clas"), code(driver, number, "bcls"))
            self.nodes.append(Node(number, *names, owner))
            for one in self._listed(self.nodes[-1]):
                if one not in seen:
                    seen.add(one)
                    waiting.append((one, number))
            if len(seen) > MOST_OBJECTS:
                raise Unmet(f"the driver has more than {MOST_OBJECTS} objects")

    def of_class(self, wanted: str) -> list[Node]:
        """Objects of a standard class or based on it."""
        return [node for node in self.nodes if node.is_a(wanted)]

    @property
    def ids(self) -> list[int]:
        """Their numbers; 0 is none of them, even if it is listed."""
        return [node.object_id for node in self.nodes if node.object_id]

    def _listed(self, node: Node) -> Iterator[int]:
        """What an object owns, and names besides."""
        yield from words(self.driver, node.object_id, "ownd")
        for class_id, selectors in _LISTS.items():
            for selector in selectors if node.is_a(class_id) else ():
                if self.driver.has(node.object_id, selector).has:
                    yield from words(self.driver, node.object_id, selector)


def references_of(driver: Instance) -> Iterator[tuple[Node, str]]:
    """Each property that holds a reference, and can be asked for without a qualifier."""
    for node in Tree(driver).nodes:
        for selector in sorted(REFERENCES - WITH_ITEM):
            if driver.has(node.object_id, selector).has:
                yield node, selector
