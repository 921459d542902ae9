"""The SDK takes other people's code: C11, C17, C++17, C++20, blocks; by gcc and by clang.

`test_sdk_constants` is about what the headers of Core Audio say; this is about every header, and
about drivers that are built from a plain command line, loaded and played into.
"""

from __future__ import annotations

import plistlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from lab.errors import MissingError
from lab.host import sources
from lab.host.errors import HostError
from lab.host.locate import find_daemon
from lab.host.subprocess_host import SubprocessHost

ROOT = Path(__file__).resolve().parents[1]
INCLUDE = ROOT / "sim" / "sdk" / "include"
TYPE, FACTORY = "443ABAB8-E7B3-491A-B985-BEB9187030DB", "2F6E4C10-6E0B-4C8B-9A43-1B7D2E905F66"

HEADERS = sorted(str(path.relative_to(INCLUDE)) for path in INCLUDE.rglob("*.h"))
APPLES = [header for header in HEADERS if "/detail/" not in header]

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="a Mac has Apple's own headers")


class Mode(NamedTuple):
    """A compiler and what it is to read."""

    compiler: str
    standard: str
    blocks: bool = False

    def __str__(self) -> str:
        return f"{self.compiler}-{self.standard}{'-blocks' if self.blocks else ''}"

    @property
    def suffix(self) -> str:
        """Of its sources."""
        return "cpp" if "++" in self.compiler else "c"

    def command(self) -> list[str]:
        """Compiler and options; skips the test when the compiler is not there."""
        if shutil.which(self.compiler) is None:
            pytest.skip(f"{self.compiler} is not installed")
        blocks = ["-fblocks"] if self.blocks else []
        return [
            *(self.compiler, f"-std={self.standard}", f"-I{INCLUDE}"),
            *("-Wall", "-Wextra", "-Wshadow", "-Werror", *blocks),
        ]


C_MODES = [Mode(compiler, std) for compiler in ("gcc", "clang") for std in ("c11", "c17")]
CXX_MODES = [Mode(compiler, std) for compiler in ("g++", "clang++") for std in ("c++17", "c++20")]
BLOCK_MODES = [Mode("clang", "c11", blocks=True), Mode("clang++", "c++20", blocks=True)]


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=100, check=False
    )


def complaints(mode: Mode, texts: list[str], folder: Path, *options: str) -> str:
    """What the compiler says of sources with these texts; empty when it has nothing to say."""
    paths = []
    for number, text in enumerate(texts):
        path = folder / f"source{number}.{mode.suffix}"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    answer = run(*mode.command(), "-fsyntax-only", *options, *paths)
    return answer.stderr + ("" if answer.returncode == 0 or answer.stderr else "failed")


# ---- headers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [*C_MODES, *CXX_MODES, *BLOCK_MODES], ids=str)
def test_every_header_stands_by_itself_in_every_mode(mode: Mode, tmp_path: Path) -> None:
    assert len(APPLES) > 75
    texts = [f"#include <{header}>\nextern int something;\n" for header in APPLES]
    assert complaints(mode, texts, tmp_path) == ""


@pytest.mark.parametrize("mode", [*C_MODES, *CXX_MODES, *BLOCK_MODES], ids=str)
def test_all_headers_stand_together_forwards_and_backwards(mode: Mode, tmp_path: Path) -> None:
    lines = [f"#include <{header}>\n" for header in APPLES]
    texts = ["".join(order) + "extern int something;\n" for order in (lines, lines[::-1])]
    assert complaints(mode, texts, tmp_path) == ""


@pytest.mark.parametrize("mode", [C_MODES[0], CXX_MODES[-1]], ids=str)
def test_a_header_that_needs_another_is_found(mode: Mode, tmp_path: Path) -> None:
    (tmp_path / "needy.h").write_text("static const UInt32 needy = 1;\n", encoding="utf-8")
    found = complaints(mode, ['#include "needy.h"\n'], tmp_path)
    assert "UInt32" in found


BLOCKS = """
#include <CoreFoundation/CoreFoundation.h>
#include <dispatch/dispatch.h>
void later(dispatch_queue_t queue, CFStringRef text);
void later(dispatch_queue_t queue, CFStringRef text) {
    __block CFIndex length = 0;
    dispatch_sync(queue, ^{ length = CFStringGetLength(text); });
    dispatch_async(queue, ^{ CFShow(text); });
    dispatch_after(dispatch_time(DISPATCH_TIME_NOW, length), queue, ^{ CFRelease(text); });
}
"""


@pytest.mark.parametrize("mode", BLOCK_MODES, ids=str)
def test_drivers_with_blocks_compile(mode: Mode, tmp_path: Path) -> None:
    assert complaints(mode, [BLOCKS], tmp_path) == ""
    plain = mode._replace(blocks=False)
    assert "blocks support disabled" in complaints(plain, [BLOCKS], tmp_path)


FUNCTIONS = (
    *("CFRetain", "CFPlugInCreate", "CFUUIDGetUUIDBytes", "CFBundleGetBundleWithIdentifier"),
    *("mach_absolute_time", "mach_timebase_info", "semaphore_wait", "dispatch_async_f"),
    *("os_log_create", "os_unfair_lock_lock", "vDSP_vclr"),
)


@pytest.mark.parametrize("mode", CXX_MODES, ids=str)
def test_functions_of_each_library_have_their_c_names_in_cxx(mode: Mode, tmp_path: Path) -> None:
    """A declaration outside extern "C" would ask the linker for a name that nobody has."""
    lines = "".join(f"#include <{header}>\n" for header in APPLES)
    used = "".join(f"    used(reinterpret_cast<void *>(&::{name}));\n" for name in FUNCTIONS)
    source = tmp_path / "names.cpp"
    source.write_text(f"{lines}void used(void *);\nvoid all() {{\n{used}}}\n", encoding="utf-8")
    target = tmp_path / "names.o"
    answer = run(*mode.command(), "-c", source, "-o", target)
    assert answer.returncode == 0, answer.stderr
    wanted = set(re.findall(r" U (\w+)", run("nm", target).stdout))
    assert set(FUNCTIONS) <= wanted


# ---- drivers -------------------------------------------------------------------------------------


def sdk_folder() -> Path:
    """Where libhalsdk is: beside the daemon that was built with it."""
    try:
        program = find_daemon()
    except MissingError as error:
        pytest.skip(str(error))
    for folder in program.parents[:4]:
        for found in folder.glob("**/sdk/libhalsdk.so"):
            return found.parent
    pytest.skip("libhalsdk.so is not in a build folder")


def build_driver(mode: Mode, source: Path, factory: str, folder: Path) -> Path:
    """A bundle, from one command line, as anybody would write it."""
    bundle = folder / "Other.driver"
    (bundle / "Contents" / "MacOS").mkdir(parents=True)
    info = {
        "CFBundleExecutable": "Other",
        "CFBundleIdentifier": "org.example.other",
        "CFBundleInfoDictionaryVersion": "6.0",
        "CFBundlePackageType": "BNDL",
        "CFPlugInFactories": {FACTORY: factory},
        "CFPlugInTypes": {TYPE: [FACTORY]},
    }
    (bundle / "Contents" / "Info.plist").write_bytes(plistlib.dumps(info))
    sdk = sdk_folder()
    answer = run(
        *mode.command(),
        *("-Wno-multichar", "-O2", "-fPIC", "-shared", source),
        *("-o", bundle / "Contents" / "MacOS" / "Other"),
        *(f"-L{sdk}", f"-Wl,-rpath,{sdk}", "-Wl,-z,defs", "-lhalsdk", "-lpthread", "-lm"),
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    return bundle


def play(bundle: Path, name: str) -> None:
    """It is loaded, listed, and played into for a minute."""
    with SubprocessHost() as host:
        host.load(bundle)
        assert [device.name for device in host.devices()] == [name]
        client = host.add_client(0)
        client.play(sources.counter())
        client.start()
        host.run(60)
        client.stop()
        stats = host.io_stats(0)
        assert (stats.cycles, stats.driver_errors, stats.timestamp_jumps) == (6_000, 0, 0)
        assert host.timestamps(0).violations == {}


@pytest.mark.native
@pytest.mark.parametrize("mode", CXX_MODES, ids=str)
def test_a_driver_in_cxx_is_loaded_and_played_into(mode: Mode, tmp_path: Path) -> None:
    play(build_driver(mode, ROOT / "sim/sdk/tests/driver.cpp", "Cxx_Create", tmp_path), "C++")


@pytest.mark.native
@pytest.mark.parametrize("mode", C_MODES, ids=str)
def test_a_driver_in_c_is_loaded_and_played_into(mode: Mode, tmp_path: Path) -> None:
    source = ROOT / "sim/tests/fixtures/null/null.c"
    play(build_driver(mode, source, "Null_Create", tmp_path), "Null")


@pytest.mark.native
def test_a_factory_without_extern_c_is_not_found(tmp_path: Path) -> None:
    mode = CXX_MODES[0]
    source = tmp_path / "mangled.cpp"
    text = (ROOT / "sim/sdk/tests/driver.cpp").read_text(encoding="utf-8")
    source.write_text(text.replace('extern "C" void', "void"), encoding="utf-8")
    bundle = build_driver(mode, source, "Cxx_Create", tmp_path)
    with SubprocessHost() as host, pytest.raises(HostError, match="Cxx_Create"):
        host.load(bundle)
