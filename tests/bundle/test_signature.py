"""Code signatures: what is verified, and what a change does to them."""

from __future__ import annotations

import hashlib
import plistlib
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.bundle.inspect import Inspection, inspect_bundle
from lab.bundle.macho import read_macho
from lab.bundle.signature import CodeSignature, read_signature
from lab.bundle.window import MalformedError, open_window
from lab.profiles import load_profiles
from tests.support.driver_bundle import write_bundle
from tests.support.macho_writer import PAGE, Thin, thin

SUPER_BLOB, DIRECTORY = 0xFADE0CC0, 0xFADE0C02
SIGNED = Thin(signed="local.good", special={1: b"\x01" * 32, 3: b"\x03" * 32})


def signature_of(path: Path) -> CodeSignature:
    with open_window(path) as window:
        (one,) = read_macho(window)
        assert one.signature is not None
        return read_signature(one.signature, one.window)


def put(folder: Path, data: bytes) -> Path:
    path = folder / "Good"
    path.write_bytes(data)
    return path


def directory_of(data: bytes) -> bytes:
    at = data.find(struct.pack(">I", 0xFADE0C02))
    return data[at : at + struct.unpack_from(">I", data, at + 4)[0]]


def ids(inspection: Inspection) -> set[str]:
    return {finding.id for finding in inspection.findings}


def test_a_signature_is_read(tmp_path: Path) -> None:
    data = thin(SIGNED)
    found = signature_of(put(tmp_path, data))
    assert found.cdhash == hashlib.sha256(directory_of(data)).hexdigest()[:40]
    assert (found.identifier, found.team, found.algorithm) == ("local.good", "", "sha256")
    assert (found.ad_hoc, found.linker_signed, found.has_certificate) == (True, False, False)
    assert found.special == SIGNED.special
    assert found.pages > 1
    assert found.wrong_pages == ()
    linker = signature_of(put(tmp_path, thin(replace(SIGNED, linker_signed=True, special={}))))
    assert linker.linker_signed
    assert linker.special == {}


@given(at=st.integers(0, 12_000), value=st.integers(1, 255))
def test_any_changed_byte_of_the_code_is_found_in_its_page(
    tmp_path_factory: pytest.TempPathFactory, at: int, value: int
) -> None:
    data = bytearray(thin(SIGNED))
    # Behind the header, which would no longer be one, and before the signature itself.
    at = PAGE + at % (data.find(struct.pack(">I", SUPER_BLOB)) - PAGE)
    data[at] ^= value
    path = put(tmp_path_factory.mktemp("changed"), bytes(data))
    try:
        wrong = signature_of(path).wrong_pages
    except MalformedError:
        return  # within the table of exports
    assert wrong == (at // PAGE,)


LIES: dict[str, tuple[int, int, str, int, str]] = {
    "no super blob": (SUPER_BLOB, 0, ">I", 0, "begins"),
    "4 GB of super blob": (SUPER_BLOB, 4, ">I", 0xFFFFFFFF, "parts"),
    "a million parts": (SUPER_BLOB, 8, ">I", 1_000_000, "parts"),
    "a part beyond the end": (SUPER_BLOB, 16, ">I", 0xFFFFFF00, "part"),
    "another kind of directory": (DIRECTORY, 0, ">I", 0xFADE0C01, "code directory"),
    "a directory of 4 GB": (DIRECTORY, 4, ">I", 0xFFFFFFFF, "code directory"),
    "a directory of no size": (DIRECTORY, 4, ">I", 8, "cut off"),
    "hashes elsewhere": (DIRECTORY, 16, ">I", 0xFFFFFF, "hashes"),
    "hashes before the beginning": (DIRECTORY, 16, ">I", 3, "hashes"),
    "a name elsewhere": (DIRECTORY, 20, ">I", 0xFFFFFF, "identifier"),
    "a million special slots": (DIRECTORY, 24, ">I", 1_000_000, "hashes"),
    "a million pages": (DIRECTORY, 28, ">I", 1_000_000, "page hashes"),
    "4 GB of code": (DIRECTORY, 32, ">I", 0xFFFFFFFF, "page hashes"),
    "an unknown hash": (DIRECTORY, 37, ">B", 9, "hashes of kind 9"),
    "pages of 2^63 bytes": (DIRECTORY, 39, ">B", 63, "2^63"),
}
"""Which blob, where in it, what is written there, and what is said of it."""


@pytest.mark.parametrize("name", LIES)
def test_a_signature_that_lies_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    magic, offset, layout, value, words = LIES[name]
    data = bytearray(thin(SIGNED))
    struct.pack_into(layout, data, data.find(struct.pack(">I", magic)) + offset, value)
    with pytest.raises(MalformedError) as raised:
        signature_of(put(tmp_path, bytes(data)))
    assert words in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def change_plist(bundle: Path) -> None:
    path = bundle / "Contents" / "Info.plist"
    path.write_bytes(plistlib.dumps(plistlib.loads(path.read_bytes()) | {"New": 1}))


def change_resource(bundle: Path) -> None:
    (bundle / "Contents" / "Resources" / "Note.txt").write_text("another")


def remove_resource(bundle: Path) -> None:
    (bundle / "Contents" / "Resources" / "Note.txt").unlink()


def change_list(bundle: Path) -> None:
    path = bundle / "Contents" / "_CodeSignature" / "CodeResources"
    path.write_bytes(plistlib.dumps({"files2": {}}))


def break_list(bundle: Path) -> None:
    (bundle / "Contents" / "_CodeSignature" / "CodeResources").write_text("x")


def remove_list(bundle: Path) -> None:
    (bundle / "Contents" / "_CodeSignature" / "CodeResources").unlink()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (change_plist, "Contents/Info.plist was changed"),
        (change_resource, "Contents/Resources/Note.txt was changed"),
        (remove_resource, "Contents/Resources/Note.txt is missing"),
        (change_list, "CodeResources was changed"),
        (break_list, "CodeResources cannot be read"),
        (remove_list, "CodeResources was changed"),
    ],
)
def test_what_was_changed_after_sealing_is_named(
    change: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    bundle = write_bundle(tmp_path / "Good.driver")
    profiles = load_profiles(["macos-26"])
    assert "seal-broken" not in ids(inspect_bundle(bundle, profiles))
    change(bundle)
    broken = [
        finding
        for finding in inspect_bundle(bundle, profiles).findings
        if finding.id == "seal-broken"
    ]
    assert broken
    assert all(words in finding.sentence for finding in broken)


def test_a_file_that_the_seal_names_outside_of_the_bundle_is_not_looked_at(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "Good.driver")
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    listed = {"../../secret": {"hash2": hashlib.sha256(b"secret").digest()}}
    path = bundle / "Contents" / "_CodeSignature" / "CodeResources"
    path.write_bytes(plistlib.dumps({"files2": listed}))
    findings = inspect_bundle(bundle, load_profiles(["macos-26"])).findings
    (broken, *_) = (one.sentence for one in findings if one.id == "seal-broken")
    assert "secret is missing" in broken
