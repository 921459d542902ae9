"""A page as a tree; a tag that is not closed, or closed twice, is an error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_DRAWN = frozenset({"path", "rect", "circle", "use"})


@dataclass
class Node:
    """An element: its attributes, the elements in it, and text, in their order."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    content: list[Node | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text within, spaces made one."""
        pieces = [part if isinstance(part, str) else part.text for part in self.content]
        return " ".join(" ".join(pieces).split())

    @property
    def raw(self) -> str:
        """The text directly within, as it is."""
        return "".join(part for part in self.content if isinstance(part, str))

    def all(self, tag: str = "", **attributes: str) -> Iterator[Node]:
        """Elements below, in the page's order; ``class_`` asks for one of the classes."""
        for part in self.content:
            if isinstance(part, Node):
                if part._is(tag, attributes):
                    yield part
                yield from part.all(tag, **attributes)

    def first(self, tag: str = "", **attributes: str) -> Node:
        """The first of them; an error when there is none."""
        return next(self.all(tag, **attributes))

    def _is(self, tag: str, attributes: dict[str, str]) -> bool:
        if tag and self.tag != tag:
            return False
        for name, value in attributes.items():
            if name == "class_":
                if value not in self.attributes.get("class", "").split():
                    return False
            elif self.attributes.get(name) != value:
                return False
        return True


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].content.append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _DRAWN, f"<{tag}/> is not closed in HTML"
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> within <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].content.append(data)


def read_html(page: str) -> Node:
    """The tree of a page."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader._open == [reader.root], f"not closed: {[node.tag for node in reader._open[1:]]}"
    return reader.root
