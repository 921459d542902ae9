"""The export trie of Mach-O: a prefix tree of symbol names."""

from __future__ import annotations

from lab.bundle.window import MalformedError

MAX_BYTES = 4 << 20
MAX_NODES = 20_000
MAX_NAME = 4096
MAX_NAMES = 8 << 20
"""Bytes of all prefixes together: a small tree can spell out long ones many times."""


def names_of_trie(trie: bytes) -> frozenset[str]:
    """All names in a trie.

    Parameters
    ----------
    trie
        From the first node on.

    Returns
    -------
    frozenset of str
        With their leading underscore; re-exports too.

    Raises
    ------
    MalformedError
        When it is too large, runs in circles, or leads out of itself.
    """
    if len(trie) > MAX_BYTES:
        raise MalformedError(f"the table of exports has {len(trie)} bytes")
    names: set[str] = set()
    seen: set[int] = set()
    left = MAX_NAMES
    # Iterative: its depth is the file's to choose, not our stack's.
    waiting: list[tuple[int, bytes]] = [(0, b"")]
    while waiting:
        at, prefix = waiting.pop()
        if at in seen or len(seen) >= MAX_NODES:
            raise MalformedError("the table of exports runs in circles, or has no end")
        seen.add(at)
        size, at = _uleb(trie, at)
        if size:
            names.add(prefix.decode("utf-8", "surrogateescape"))
        at += size
        if at >= len(trie):
            raise MalformedError("the table of exports leads out of itself")
        children = trie[at]
        at += 1
        for _ in range(children):
            end = trie.find(b"\0", at)
            if end < 0:
                raise MalformedError("a name in the table of exports has no end")
            name = prefix + trie[at:end]
            if len(name) > MAX_NAME:
                raise MalformedError("a name in the table of exports is too long")
            left -= len(name)
            if left < 0:
                raise MalformedError("the names in the table of exports have no end")
            child, at = _uleb(trie, end + 1)
            waiting.append((child, name))
    return frozenset(names)


def _uleb(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise MalformedError("a number in the table of exports has no end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
