"""Mach-O: ours against lief's reader, headers that lie, and damaged files."""

from __future__ import annotations

import importlib.util
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.bundle.exports import names_of_trie
from lab.bundle.inspect import inspect_bundle
from lab.bundle.macho import Slice, read_macho
from lab.bundle.signature import read_signature
from lab.bundle.window import MalformedError, open_window
from lab.profiles import load_profiles
from tests.support.driver_bundle import write_bundle
from tests.support.macho_writer import Thin, thin, trie_of, universal, with_architecture

SECONDS = 1.0
CHECK_DARWIN = Path(__file__).resolve().parents[2] / "cmake" / "darwin" / "check_darwin.py"
SKIPPED = 77
KINDS = {2: "executable", 6: "dylib", 8: "bundle"}
RICH = Thin(
    exports=("Good_Create", "Good_Other", "Zeta", "_underscored"),
    libraries=("/usr/lib/libSystem.B.dylib", "@rpath/libopus.0.dylib", "/opt/lib/a b.dylib"),
    rpaths=("@loader_path/../Frameworks", "/usr/local/lib"),
    minimum=(12, 3),
    signed="local.good",
    special={1: b"\x01" * 32, 3: b"\x03" * 32},
)
INTEL = with_architecture(RICH, "x86_64")


@contextmanager
def slices_of(path: Path) -> Iterator[list[Slice]]:
    with open_window(path) as window:
        yield read_macho(window)


def complaint(path: Path) -> str:
    began = time.process_time()
    with pytest.raises(MalformedError) as raised, slices_of(path):
        pass
    assert time.process_time() - began < SECONDS
    assert len(str(raised.value).splitlines()) == 1
    return str(raised.value)


def put(folder: Path, data: bytes) -> Path:
    path = folder / "Good"
    path.write_bytes(data)
    return path


# ---- against another reader -------------------------------------------------------------------


@pytest.fixture(scope="module")
def lief() -> Any:
    if importlib.util.find_spec("lief") is None:
        pytest.skip("lief is not installed: pip install lief")
    import lief

    return lief


def as_lief_reads(lief: Any, path: Path) -> list[dict[str, Any]]:
    whole = lief.MachO.parse(str(path))  # kept alive: its slices point into it
    return [
        {
            "architecture": str(one.header.cpu_type).rpartition(".")[2].lower(),
            "kind": KINDS.get(one.header.file_type.value),
            "libraries": [str(library.name) for library in one.libraries],
            "exports": {str(symbol.name) for symbol in one.exported_symbols},
            "minimum": tuple(
                one.build_version.minos if one.build_version else one.version_min.version
            ),
            "rpaths": [str(found.path) for found in one.rpaths],
            "signature": (one.code_signature.data_offset, one.code_signature.data_size)
            if one.has_code_signature
            else None,
        }
        for one in whole
    ]


def as_we_read(path: Path) -> list[dict[str, Any]]:
    with slices_of(path) as slices:
        return [
            {
                "architecture": one.architecture,
                "kind": one.kind,
                "libraries": [library.name for library in one.libraries],
                "exports": set(one.exports),
                "minimum": one.minimum,
                "rpaths": list(one.rpaths),
                "signature": (one.signature.start - one.window.start, one.signature.size)
                if one.signature
                else None,
            }
            for one in slices
        ]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(thin(RICH), id="thin"),
        pytest.param(universal(RICH, INTEL), id="universal"),
        pytest.param(thin(Thin(trie=False)), id="symbol-table"),
        pytest.param(thin(Thin(old_minimum=True, minimum=(10, 9))), id="version-min"),
        pytest.param(thin(Thin(kind=6)), id="dylib"),
        pytest.param(thin(Thin(kind=2, minimum=(26, 0))), id="executable"),
        pytest.param(thin(Thin(exports=tuple(f"Name{i}" for i in range(120)))), id="exports"),
    ],
)
def test_we_read_what_lief_reads(data: bytes, lief: Any, tmp_path: Path) -> None:
    path = put(tmp_path, data)
    ours, theirs = as_we_read(path), as_lief_reads(lief, path)
    for mine, other in zip(ours, theirs, strict=True):
        if not other["exports"]:
            other["exports"] = mine["exports"]  # lief takes exports from the trie alone
        assert mine == other


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A universal bundle of LLVM's linker, as ./noxw -s darwin makes one."""
    folder = tmp_path_factory.mktemp("linked")
    source = folder / "good.c"
    source.write_text(
        "void *Good_Create(void *a, void *b);\n"
        "void *Good_Create(void *a, void *b) { return a ? a : b; }\n"
    )
    built = folder / "Good"
    if not CHECK_DARWIN.is_file():
        pytest.skip("an installed package has no cmake/darwin")
    arguments = [str(source), "--export=Good_Create", f"--output={built}", "--minimum=12.0"]
    done = subprocess.run(
        [sys.executable, str(CHECK_DARWIN), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode == SKIPPED:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stderr
    return built


def test_we_read_a_bundle_of_a_real_linker_and_its_hashes_hold(linked: Path) -> None:
    with slices_of(linked) as slices:
        assert {one.architecture for one in slices} == {"arm64", "x86_64"}
        for one in slices:
            assert one.kind == "bundle"
            assert one.minimum == (12, 0, 0)
            assert one.exports == {"_Good_Create"}
            assert "/usr/lib/libSystem.B.dylib" in [library.name for library in one.libraries]
            assert one.signature is not None
            signature = read_signature(one.signature, one.window)
            assert signature.wrong_pages == ()
            assert signature.ad_hoc
            assert signature.linker_signed


def test_we_read_a_bundle_of_a_real_linker_as_lief_does(linked: Path, lief: Any) -> None:
    assert as_we_read(linked) == as_lief_reads(lief, linked)


# ---- what is in it ----------------------------------------------------------------------------


def test_architectures_minimum_and_platform_are_read(tmp_path: Path) -> None:
    with slices_of(put(tmp_path, universal(RICH, INTEL))) as slices:
        assert [one.architecture for one in slices] == ["arm64", "x86_64"]
        assert slices[0].minimum == (12, 3, 0)
        assert slices[0].platform == "macOS"
        assert slices[0].exports == {"_Good_Create", "_Good_Other", "_Zeta", "__underscored"}
    with slices_of(put(tmp_path, thin(Thin(minimum=None)))) as (one,):
        assert (one.minimum, one.platform, one.signature) == ((), "", None)


@given(st.sets(st.text("abcXYZ_$0\u00e9", min_size=1, max_size=20), max_size=60))
def test_a_trie_gives_back_its_names(names: set[str]) -> None:
    listed = [f"_{name}" for name in names]
    assert names_of_trie(trie_of(listed)) == set(listed)


# ---- headers that lie -------------------------------------------------------------------------


def patched(data: bytes, at: int, layout: str, *values: int) -> bytes:
    patch = struct.pack(layout, *values)
    return data[:at] + patch + data[at + len(patch) :]


LIES: dict[str, tuple[bytes, str]] = {
    "a 4 GB universal header": (
        patched(universal(RICH, INTEL), 20, ">I", 0xFFFFFFFF),
        "4294967295",
    ),
    "a slice beyond the end": (patched(universal(RICH, INTEL), 16, ">I", 0xFFFFF000), "slice 0"),
    "a million architectures": (patched(universal(RICH), 4, ">I", 1_000_000), "1000000 arch"),
    "no architecture": (patched(universal(RICH), 4, ">I", 0), "0 arch"),
    "4 GB of load commands": (patched(thin(RICH), 20, "<I", 0xFFFFFFFF), "load commands"),
    "as many load commands": (patched(thin(RICH), 16, "<I", 0xFFFFFFFF), "load commands"),
    "more commands than there are": (patched(thin(RICH), 16, "<I", 4000), "load command"),
    "a command of no size": (patched(thin(RICH), 36, "<I", 0), "0 bytes"),
    "a command of 4 GB": (patched(thin(RICH), 36, "<I", 0xFFFFFFF8), "4294967288 bytes"),
    "another byte order": (struct.pack(">I", 0xFEEDFACF) + thin(RICH)[4:], "PowerPC"),
    "nothing but a magic number": (thin(RICH)[:4], "header"),
    "nothing": (b"", "magic"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_header_that_lies_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    data, words = LIES[name]
    assert words in complaint(put(tmp_path, data))


def test_a_sparse_file_of_4_gb_is_no_trouble(tmp_path: Path) -> None:
    path = put(tmp_path, thin(RICH))
    with path.open("r+b") as file:
        file.truncate(4 << 30)
    with slices_of(path) as (one,):
        assert one.architecture == "arm64"


@pytest.mark.parametrize(
    ("slices", "words"),
    [((Thin(), Thin()), "twice")],
)
def test_an_architecture_twice_is_refused(
    slices: tuple[Thin, ...], words: str, tmp_path: Path
) -> None:
    assert words in complaint(put(tmp_path, universal(*slices)))


def test_slices_that_share_their_place_are_refused(tmp_path: Path) -> None:
    data = universal(RICH, INTEL)
    first = struct.unpack_from(">5I", data, 8)
    assert "share" in complaint(put(tmp_path, patched(data, 28 + 8, ">2I", *first[2:4])))


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_truncated_file_is_refused(cut: int, tmp_path: Path) -> None:
    data = thin(RICH)
    assert complaint(put(tmp_path, data[: len(data) * cut // 60]))


@pytest.mark.parametrize(
    ("trie", "words"),
    [
        (b"\0\x01_a\0\0", "circles"),
        (b"\0\x01_a\0\x7f", "no end"),
        (b"\0\x01_a\0\x06\x7f", "itself"),
        (b"\0\x01_a", "no end"),
        (b"\0\x02_a\0\x05" + b"\xff" * 20, "end"),
        (b"\x80" * 12, "no end"),
        (b"", "no end"),
        (b"\0", "itself"),
        (b"\0\x01" + b"a" * 5000 + b"\0\0", "too long"),
        (b"\0" * (5 << 20), "bytes"),
    ],
)
def test_a_trie_that_leads_nowhere_is_refused(trie: bytes, words: str) -> None:
    with pytest.raises(MalformedError, match=words):
        names_of_trie(trie)


def test_a_trie_that_spells_long_names_many_times_is_refused_soon() -> None:
    # A chain of nodes, each with a long edge to the next.
    name = b"a" * 60
    trie = b""
    count = 4000
    size = 2 + 61 + 3
    for index in range(count):
        at = (index + 1) * size
        offset = bytes([at & 0x7F | 0x80, at >> 7 & 0x7F | 0x80, at >> 14])
        trie += b"\0\x01" + name + b"\0" + offset
    began = time.process_time()
    with pytest.raises(MalformedError):
        names_of_trie(trie + b"\x02\0\0\0")
    assert time.process_time() - began < SECONDS


# ---- damaged files ----------------------------------------------------------------------------

WHOLE = [thin(RICH), universal(RICH, INTEL), thin(Thin(trie=False, signed="x"))]
LAYOUT = st.sampled_from([0, 0, 4096, 12288, 16384, 20480])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 6))):
        if draw(st.booleans()):
            at = (draw(LAYOUT) + draw(st.integers(0, 700))) % (len(data) - 8)
            value = draw(st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000]))
            data[at : at + 4] = struct.pack(draw(st.sampled_from(["<I", ">I"])), value)
        else:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    if draw(st.integers(0, 3)) == 0:
        data = data[: draw(st.integers(0, len(data)))]
    return bytes(data)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("damaged") / "Good.driver")


@settings(max_examples=300)
@given(data=damaged())
def test_a_damaged_executable_is_judged_within_a_second(bundle: Path, data: bytes) -> None:
    (bundle / "Contents" / "MacOS" / "Good").write_bytes(data)
    began = time.process_time()
    inspection = inspect_bundle(bundle, load_profiles(["macos-26"], check=False))
    assert time.process_time() - began < SECONDS
    assert all(finding.sentence.isprintable() for finding in inspection.findings)
