"""Reads code signatures: the blob in a Mach-O slice, its code directory, and the page hashes.

What is verified is that the code is what was signed. Who signed it is not: that takes Apple's
certificates, and for drivers ad hoc is common.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from lab.bundle.window import MalformedError, Window, text_until_nul

MAX_BLOB = 8 << 20
MAX_BLOBS = 64
MAX_VERIFIED = 64 << 20
"""Bytes of code whose hashes are checked; no driver comes near."""
MAX_IDENTIFIER = 1024

_SUPER_BLOB = 0xFADE0CC0
_CODE_DIRECTORY = 0xFADE0C02
_CMS = 0xFADE0B01
_SLOT_CODE_DIRECTORY = 0
_SLOTS_ALTERNATE = range(0x1000, 0x1006)
_SLOT_CMS = 0x10000

SLOT_INFO_PLIST = 1
SLOT_RESOURCES = 3

_AD_HOC = 0x2
_HARDENED = 0x10000
_LINKER_SIGNED = 0x20000

_HASHES: dict[int, tuple[str, int, int]] = {
    1: ("sha1", 20, 1),
    2: ("sha256", 32, 3),
    3: ("sha256", 20, 2),
    4: ("sha384", 48, 4),
}
"""By number: algorithm, bytes kept of it, rank among alternates."""


@dataclass(frozen=True, slots=True)
class CodeSignature:
    """The signature of one slice.

    Parameters
    ----------
    identifier
        Of what was signed.
    team
        The developer's team; empty for an ad-hoc signature.
    ad_hoc
        Whether it names nobody.
    linker_signed
        Whether only a linker made it: the code is signed and the bundle is not.
    hardened
        Whether the hardened runtime is asked for.
    has_certificate
        Whether it holds a CMS signature with something in it.
    algorithm
        Of the hashes, such as ``sha256``.
    cdhash
        Name of the code to the system: 20 bytes of the code directory's hash, in hexadecimal.
    special
        Hashes of what lies outside of the code, by slot; a slot of zeros is left out.
    pages
        How many pages are hashed.
    wrong_pages
        Numbers of those whose hash is another one, at most ten; None when they were not checked.
    """

    identifier: str
    team: str
    ad_hoc: bool
    linker_signed: bool
    hardened: bool
    has_certificate: bool
    algorithm: str
    cdhash: str
    special: dict[int, bytes]
    pages: int
    wrong_pages: tuple[int, ...] | None


def read_signature(blob: Window, code: Window, limit: int = MAX_VERIFIED) -> CodeSignature:
    """Read a signature, and check the page hashes.

    Parameters
    ----------
    blob
        The signature.
    code
        The slice that it is in.
    limit
        Code of more bytes is not verified.

    Raises
    ------
    MalformedError
        When it contradicts itself.
    """
    magic, length, count = blob.fields(">3I", 0, "the signature")
    if magic != _SUPER_BLOB:
        raise MalformedError(f"the signature begins with {magic:#010x}")
    if length > MAX_BLOB or count > MAX_BLOBS:
        raise MalformedError(f"a signature of {count} parts and {length} bytes")
    whole = blob.part(0, length, "the signature")
    directories: list[_Directory] = []
    has_certificate = False
    for index in range(count):
        slot, offset = whole.fields(">2I", 12 + 8 * index, "the signature's index")
        kind, size = whole.fields(">2I", offset, "a part of the signature")
        if slot == _SLOT_CODE_DIRECTORY or slot in _SLOTS_ALTERNATE:
            if kind != _CODE_DIRECTORY:
                raise MalformedError(f"its code directory begins with {kind:#010x}")
            directories.append(_Directory(whole.read(offset, size, "the code directory")))
        elif slot == _SLOT_CMS and kind == _CMS:
            has_certificate = size > 8
    if not directories:
        raise MalformedError("it has no code directory")
    best = max(directories, key=lambda one: one.rank)
    return CodeSignature(
        identifier=best.identifier,
        team=best.team,
        ad_hoc=bool(best.flags & _AD_HOC),
        linker_signed=bool(best.flags & _LINKER_SIGNED),
        hardened=bool(best.flags & _HARDENED),
        has_certificate=has_certificate,
        algorithm=best.algorithm,
        cdhash=best.cdhash,
        special=best.special,
        pages=best.slots,
        wrong_pages=best.wrong_pages(code, limit),
    )


def digest(algorithm: str, size: int, data: bytes) -> bytes:
    """A hash as signatures have it: `size` bytes of it."""
    return hashlib.new(algorithm, data, usedforsecurity=False).digest()[:size]


class _Directory:
    """A code directory; its numbers are big endian."""

    def __init__(self, data: bytes) -> None:
        try:
            head = struct.unpack_from(">9I4BI", data)
        except struct.error as error:
            raise MalformedError("the code directory is cut off") from error
        (_, _, version, self.flags, hashes, name, specials, self.slots, limit) = head[:9]
        self.hash_size, kind, _, page = head[9:13]
        if kind not in _HASHES or _HASHES[kind][1] != self.hash_size:
            raise MalformedError(f"hashes of kind {kind} with {self.hash_size} bytes")
        self.algorithm, _, self.rank = _HASHES[kind]
        self.data = data
        self.identifier = text_until_nul(data, name, MAX_IDENTIFIER, "the identifier")
        self.team = ""
        if version >= 0x20200 and (team := self._number(48, 4)):
            self.team = text_until_nul(data, team, MAX_IDENTIFIER, "the team")
        wide = self._number(56, 8) if version >= 0x20300 else 0
        self.limit = wide or limit
        if page and not 9 <= page <= 16:
            raise MalformedError(f"pages of 2^{page} bytes")
        self.page_size = 1 << page if page else max(self.limit, 1)
        self.cdhash = digest(self.algorithm, 20, data).hex()
        if self.slots != -(-self.limit // self.page_size):
            raise MalformedError(f"{self.slots} page hashes for {self.limit} bytes")
        first = hashes - specials * self.hash_size
        if first < 0 or hashes + self.slots * self.hash_size > len(data):
            raise MalformedError("its hashes lie outside of the code directory")
        self.hashes = hashes
        self.special = {
            slot: found for slot in range(1, specials + 1) if any(found := self._hash(-slot))
        }

    def wrong_pages(self, code: Window, limit: int) -> tuple[int, ...] | None:
        """Pages whose hash is another one, at most ten."""
        if self.limit > code.size:
            raise MalformedError(f"it signs {self.limit} bytes, and the code has {code.size}")
        if self.limit > limit:
            return None
        wrong: list[int] = []
        for page in range(self.slots):
            at = page * self.page_size
            data = code.read(at, min(self.page_size, self.limit - at), "a page of code")
            if digest(self.algorithm, self.hash_size, data) != self._hash(page):
                wrong.append(page)
                if len(wrong) == 10:
                    break
        return tuple(wrong)

    def _hash(self, slot: int) -> bytes:
        at = self.hashes + slot * self.hash_size
        return self.data[at : at + self.hash_size]

    def _number(self, at: int, size: int) -> int:
        if at + size > len(self.data):
            raise MalformedError("the code directory is cut off")
        return int.from_bytes(self.data[at : at + size], "big")
