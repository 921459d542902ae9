"""The Core Audio headers of sim/sdk compile everywhere, and their numbers have a second source.

That source is the metadata of ``pyobjc-framework-CoreAudio`` (MIT), which others generated from
Apple's headers. It only installs on a Mac, so its wheel is fetched through pip and read, never
imported.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.linux

INCLUDE = Path(__file__).resolve().parents[1] / "sim" / "sdk" / "include"
WHEEL = "pyobjc-framework-CoreAudio==12.2.2"
FOUNDATION_WHEEL = "pyobjc-framework-Cocoa==12.2.2"

# The headers this file answers for; CoreFoundation, dispatch and mach have tests of their own.
HEADERS = [
    *sorted(
        str(path.relative_to(INCLUDE))
        for pattern in ("CoreAudio/**/*.h", "CoreAudioTypes/**/*.h", "*.h", "Accelerate/*.h")
        for path in INCLUDE.glob(pattern)
        if path.name != "pthread.h"
    ),
    "CoreFoundation/CFPlugInCOM.h",
    "CoreServices/CoreServices.h",
]

UMBRELLAS = [
    "CoreAudio/AudioServerPlugIn.h",
    "CoreAudio/CoreAudio.h",
    "CoreServices/CoreServices.h",
    "Accelerate/Accelerate.h",
]

# In the metadata but not in the C headers of Core Audio: AVFAudio's errors, and the constants of an
# Objective-C class.
NOT_OURS = re.compile(r"AVAudioSession|CATap(Unmuted|Muted)")

# The metadata does not cover AudioServerPlugIn.h, so these are spelled out a second time here.
ONLY_FOR_DRIVERS: dict[str, str | int] = {
    "kAudioObjectPlugInObject": 1,
    "kAudioServerPlugInHostClientID": 0,
    "kAudioObjectPropertyCustomPropertyInfoList": "cust",
    "kAudioPlugInPropertyResourceBundle": "rsrc",
    "kAudioDevicePropertyZeroTimeStampPeriod": "ring",
    "kAudioDevicePropertyClockAlgorithm": "clok",
    "kAudioDevicePropertyClockIsStable": "cstb",
    "kAudioDeviceClockAlgorithmRaw": "raww",
    "kAudioDeviceClockAlgorithmSimpleIIR": "iirf",
    "kAudioDeviceClockAlgorithm12PtMovingWindowAverage": "mavg",
    "kAudioServerPlugInCustomPropertyDataTypeNone": 0,
    "kAudioServerPlugInCustomPropertyDataTypeCFString": "cfst",
    "kAudioServerPlugInCustomPropertyDataTypeCFPropertyList": "plst",
    "kAudioServerPlugInIOOperationThread": "thrd",
    "kAudioServerPlugInIOOperationCycle": "cycl",
    "kAudioServerPlugInIOOperationReadInput": "read",
    "kAudioServerPlugInIOOperationConvertInput": "cinp",
    "kAudioServerPlugInIOOperationProcessInput": "pinp",
    "kAudioServerPlugInIOOperationProcessOutput": "pout",
    "kAudioServerPlugInIOOperationMixOutput": "mixo",
    "kAudioServerPlugInIOOperationProcessMix": "pmix",
    "kAudioServerPlugInIOOperationConvertMix": "cmix",
    "kAudioServerPlugInIOOperationWriteMix": "rite",
}


class Metadata(NamedTuple):
    """What the wheel says, integers as unsigned 32-bit numbers."""

    integers: dict[str, int]
    strings: dict[str, str]
    encodings: dict[str, str]  # struct -> Objective-C type encoding


def constants_of_the_headers() -> tuple[list[str], list[str]]:
    """Names of all enumerators and of all string macros."""
    text = "\n".join((INCLUDE / header).read_text() for header in HEADERS if "/" in header)
    integers = re.findall(r"^\s+(k[A-Z]\w+)\s*=", text, re.MULTILINE)
    strings = re.findall(r'^#define (k[A-Z]\w+)\s+"', text, re.MULTILINE)
    assert len(set(integers)) == len(integers), "an enumerator is defined twice"
    return integers, strings


def code(text: str) -> int:
    """The number that 'abcd' stands for."""
    assert len(text) == 4
    return int.from_bytes(text.encode("ascii"), "big")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=60, check=False
    )


def need(compiler: str) -> str:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    return compiler


# ---- the second source ----------------------------------------------------------------------


def literals(tree: ast.Module) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Key and value of every dictionary in the metadata, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            yield from ((k, v) for k, v in zip(node.keys, node.values, strict=True) if k)


def read_metadata(source: str) -> Metadata:
    tree = ast.parse(source)
    assigned = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    integers = {
        name: int(value) & 0xFFFFFFFF
        for name, value in re.findall(r"\$(\w+)@(-?\d+)(?=\$)", ast.literal_eval(assigned["enums"]))
    }
    aliases: dict[str, str] = ast.literal_eval(assigned["aliases"])
    for alias in aliases:
        original = alias
        while original in aliases:
            original = aliases[original]
        if original in integers:  # else it is one of the C library's
            integers.setdefault(alias, integers[original])
    strings, encodings = {}, {}
    for key, value in literals(tree):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            continue
        name = key.value
        if isinstance(value, ast.Constant) and isinstance(value.value, bytes) and name[0] == "k":
            strings[name] = value.value.decode()
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "objc.createStructType":
            encodings[name] = ast.literal_eval(value.args[1]).decode()
    return Metadata(integers, strings, encodings)


def fetch_wheel(wheel: str, folder: Path) -> str:
    """Put the wheel into ``folder``; returns why it could not, or nothing."""
    where = ["--platform=macosx_10_9_universal2", "--python-version=3.11", "--abi=cp311"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--retries=1"]
    command += ["--only-binary=:all:", "--implementation=cp", *where, "-d", str(folder), wheel]
    try:
        answer = run(*command)
    except subprocess.TimeoutExpired:
        return "no answer in time"
    return (answer.stderr.strip().splitlines() or ["pip failed"])[-1] if answer.returncode else ""


def metadata_of(wheel: str, member: str, request: pytest.FixtureRequest) -> Metadata:
    """What a wheel says, read and not run; the test is skipped where it cannot be had."""
    cached = request.config.cache.mkdir("pyobjc")
    folder = Path(os.environ.get("HAL_LAB_PYOBJC_WHEELS", cached))
    name, _, version = wheel.partition("==")
    pattern = f"{name.replace('-', '_').lower()}-{version}-*.whl"
    if not list(folder.glob(pattern)) and (reason := fetch_wheel(wheel, folder)):
        pytest.skip(f"{wheel} cannot be fetched: {reason}")
    (found,) = folder.glob(pattern)
    with zipfile.ZipFile(found) as archive:
        return read_metadata(archive.read(member).decode())


@pytest.fixture(scope="session")
def metadata(request: pytest.FixtureRequest) -> Metadata:
    return metadata_of(WHEEL, "CoreAudio/_metadata.py", request)


@pytest.fixture(scope="session")
def foundation(request: pytest.FixtureRequest) -> Metadata:
    return metadata_of(FOUNDATION_WHEEL, "CoreFoundation/_metadata.py", request)


def enumerators_of_foundation() -> list[str]:
    """Names of all enumerators of CoreFoundation/*.h."""
    text = "\n".join(p.read_text() for p in sorted((INCLUDE / "CoreFoundation").glob("*.h")))
    return re.findall(r"^\s+(k[A-Z]\w+)\s*=", text, re.MULTILINE)


def values_of(names: list[str], header: str, folder: Path) -> dict[str, int]:
    """What a compiled program says that they are, as unsigned 32-bit numbers."""
    compiler = next((c for c in ("cc", "gcc", "clang") if shutil.which(c)), None)
    if compiler is None:
        pytest.skip("no C compiler is installed")
    lines = ["#include <stdio.h>", f"#include <{header}>", "int main(void) {"]
    lines += [f'    printf("{name}\\t%u\\n", (unsigned){name});' for name in names]
    (folder / "values.c").write_text("\n".join([*lines, "    return 0;", "}"]))
    answer = run(
        compiler, "-std=gnu11", f"-I{INCLUDE}", folder / "values.c", "-o", folder / "values"
    )
    assert answer.returncode == 0, answer.stderr
    rows = (line.split("\t") for line in run(folder / "values").stdout.splitlines())
    return {name: int(value) for name, value in rows}


@pytest.fixture(scope="session")
def ours(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, int], dict[str, str]]:
    """Every constant of the headers with the value that a compiled program prints."""
    compiler = next((c for c in ("cc", "gcc", "clang") if shutil.which(c)), None)
    if compiler is None:
        pytest.skip("no C compiler is installed")
    integers, strings = constants_of_the_headers()
    folder = tmp_path_factory.mktemp("constants")
    lines = [f"#include <{header}>" for header in UMBRELLAS]
    lines += ["int main(void) {"]
    lines += [f'    printf("{name}\\t%u\\n", (unsigned){name});' for name in integers]
    lines += [f'    printf("{name}\\t%s\\n", {name});' for name in strings]
    lines += ["    return 0;", "}"]
    (folder / "print.c").write_text("\n".join(lines))
    program = folder / "print"
    answer = run(compiler, "-std=gnu11", f"-I{INCLUDE}", folder / "print.c", "-o", program)
    assert answer.returncode == 0, answer.stderr
    rows = dict(line.split("\t") for line in run(program).stdout.splitlines())
    return {n: int(rows[n]) for n in integers}, {n: rows[n] for n in strings}


def test_every_integer_of_the_mac_is_here_with_its_value(
    metadata: Metadata,
    ours: tuple[dict[str, int], dict[str, str]],
    record_property: Callable[[str, object], None],
) -> None:
    wanted = {n: v for n, v in metadata.integers.items() if not NOT_OURS.match(n)}
    assert len(metadata.integers) - len(wanted) == 18
    shared = wanted.keys() & ours[0].keys()
    record_property("constants_shared", len(shared))
    assert sorted(wanted.keys() - ours[0].keys()) == []
    assert {n: (ours[0][n], wanted[n]) for n in shared if ours[0][n] != wanted[n]} == {}
    assert len(shared) == 857


def test_every_string_of_the_mac_is_here_with_its_value(
    metadata: Metadata, ours: tuple[dict[str, int], dict[str, str]]
) -> None:
    assert len(metadata.strings) == 34
    assert ours[1] == metadata.strings


def differences(ours: dict[str, int], theirs: dict[str, int]) -> dict[str, tuple[int, int | None]]:
    """What is not the same, or not there, on the other side."""
    return {n: (v, theirs.get(n)) for n, v in ours.items() if v != theirs.get(n)}


def test_every_enumerator_of_core_foundation_has_the_value_of_the_mac(
    foundation: Metadata, tmp_path: Path
) -> None:
    names = enumerators_of_foundation()
    assert len(names) == 77
    ours = values_of(names, "CoreFoundation/CoreFoundation.h", tmp_path)
    assert differences(ours, foundation.integers) == {}
    changed = {**ours, "kCFStringEncodingUTF8": 7, "kCFMadeUp": 1}
    assert set(differences(changed, foundation.integers)) == {"kCFStringEncodingUTF8", "kCFMadeUp"}


def test_no_constant_is_without_a_second_source(
    metadata: Metadata, ours: tuple[dict[str, int], dict[str, str]]
) -> None:
    assert ours[0].keys() - metadata.integers.keys() == ONLY_FOR_DRIVERS.keys()


def test_the_constants_for_drivers_are_what_they_spell(
    ours: tuple[dict[str, int], dict[str, str]],
) -> None:
    expected = {n: code(v) if isinstance(v, str) else v for n, v in ONLY_FOR_DRIVERS.items()}
    assert {n: ours[0].get(n) for n in expected} == expected


def test_structs_have_the_fields_of_the_mac(metadata: Metadata, tmp_path: Path) -> None:
    """@encode says the same of a struct as on a Mac: order, types, nesting of its fields."""
    clang = need("clang")
    source = tmp_path / "encode.m"
    names = sorted(metadata.encodings)
    assert len(names) == 11
    source.write_text(
        "".join(f"#include <{header}>\n" for header in UMBRELLAS)
        + "".join(f"const char {n}_[] = @encode({n});\n" for n in names)
    )
    answer = run(clang, "-S", "-emit-llvm", "-w", f"-I{INCLUDE}", source, "-o", tmp_path / "out.ll")
    if answer.returncode and "Objective-C" in answer.stderr:
        pytest.skip("this clang does not read Objective-C")
    assert answer.returncode == 0, answer.stderr
    found = dict(
        re.findall(
            r'^@(\w+)_ = .* c"([^"]*?)(?:\\00)?"', (tmp_path / "out.ll").read_text(), re.MULTILINE
        )
    )
    assert found == metadata.encodings


# ---- compilers ------------------------------------------------------------------------------

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow"]
WARNINGS += ["-Wundef", "-Werror"]
C_WARNINGS = ["-Wstrict-prototypes", "-Wmissing-prototypes"]

# What a driver does with the constants, in C and in C++.
USES = """
UInt32 use(UInt32 selector, AudioTimeStamp *stamp);
UInt32 use(UInt32 selector, AudioTimeStamp *stamp) {
    static const AudioObjectPropertyAddress address = {
        kAudioObjectPropertyName, kAudioObjectPropertyScopeGlobal, kAudioObjectPropertyElementMain};
    AudioStreamBasicDescription format;
    FillOutASBDForLPCM(&format, 48000, 2, 32, 32, true, false, false);
    format.mFormatFlags &= ~kAudioFormatFlagIsNonMixable;
    stamp->mFlags &= ~kAudioTimeStampHostTimeValid;
    switch (selector) {
    case kAudioObjectPropertyName:
        return address.mSelector;
    case kAudioObjectPropertyElementWildcard:
        return selector == kAudioPlugInPropertyDeviceList ? 1 : format.mFormatFlags;
    case kAudioServerPlugInIOOperationWriteMix:
        return kAudioServerPlugInIOOperationReadInput;
    default:
        return 0;
    }
}
OSStatus fail(int why);
OSStatus fail(int why) {
    return why ? kAudioHardwareUnknownPropertyError : kAudioHardwareNoError;
}
HRESULT query(int known);
HRESULT query(int known) {
    return known ? S_OK : E_NOINTERFACE;
}
"""


class Dialect(NamedTuple):
    """A compiler and what it is to read."""

    compiler: str
    standard: str
    extra: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "-".join((self.compiler, self.standard, *(e.strip("-") for e in self.extra)))

    @property
    def is_cxx(self) -> bool:
        """Whether it reads C++."""
        return "++" in self.compiler

    def command(self) -> list[str]:
        """Compiler and options; skips the test when the compiler is not there."""
        options = [f"-std={self.standard}", "-fsyntax-only", f"-I{INCLUDE}", *WARNINGS, *self.extra]
        if not self.is_cxx:
            options += C_WARNINGS
        if self.compiler == "clang":
            # CoreFoundation's CF_ENUM has a fixed type; -Wpedantic calls that an extension of C.
            options += ["-Wno-fixed-enum-extension"]
        if self.compiler == "clang++":
            options += ["-Wno-nullability-extension"]
        return [need(self.compiler), *options]


C_STANDARDS = ("c11", "c17", "gnu11", "gnu17")
CXX_STANDARDS = ("c++14", "c++17", "c++20", "gnu++17")
DIALECTS = [
    *(Dialect(c, s) for c in ("gcc", "clang") for s in C_STANDARDS),
    *(Dialect(c, s) for c in ("g++", "clang++") for s in CXX_STANDARDS),
    Dialect("clang", "gnu11", ("-fblocks",)),
    Dialect("clang++", "gnu++17", ("-fblocks",)),
]
ONE_OF_EACH = [Dialect("gcc", "c11"), Dialect("clang", "c11"), Dialect("g++", "c++17")]


def compiles(dialect: Dialect, source: str, folder: Path, *options: str) -> str:
    """The compiler's complaints, empty when there are none."""
    path = folder / ("source.cc" if dialect.is_cxx else "source.c")
    path.write_text(source)
    return run(*dialect.command(), *options, path).stderr


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_a_driver_compiles_without_a_warning(dialect: Dialect, tmp_path: Path) -> None:
    source = "".join(f"#include <{header}>\n" for header in UMBRELLAS) + USES
    assert compiles(dialect, source, tmp_path) == ""


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_the_headers_are_clean_even_when_they_are_not_system_headers(
    dialect: Dialect, tmp_path: Path
) -> None:
    source = "".join(f"#include <{header}>\n" for header in UMBRELLAS) + USES
    options = ["-DHALSDK_CHECK_HEADERS", "-Wno-multichar", "-Wno-pedantic"]
    options += ["-Wno-four-char-constants"] if "clang" in dialect.compiler else []
    assert compiles(dialect, source, tmp_path, *options) == ""


@pytest.mark.parametrize("dialect", ONE_OF_EACH, ids=str)
@pytest.mark.parametrize("header", HEADERS)
def test_a_header_stands_alone(header: str, dialect: Dialect, tmp_path: Path) -> None:
    source = f"#include <{header}>\n#include <{header}>\nextern int something;\n"
    assert compiles(dialect, source, tmp_path) == ""


def test_a_warning_in_a_driver_is_still_seen(tmp_path: Path) -> None:
    source = "#include <CoreAudio/AudioServerPlugIn.h>\nUInt8 narrow(UInt32 x);\n"
    source += "UInt8 narrow(UInt32 x) { return x; }\n"
    assert "-Werror=conversion" in compiles(Dialect("gcc", "c11"), source, tmp_path)


@pytest.mark.parametrize("dialect", ONE_OF_EACH, ids=str)
def test_a_struct_of_another_size_does_not_compile(dialect: Dialect, tmp_path: Path) -> None:
    source = "#include <stdlib.h>\n#include <CoreFoundation/CoreFoundation.h>\n"
    source += "#pragma pack(push, 1)\n#include <CoreAudio/AudioServerPlugIn.h>\n#pragma pack(pop)\n"
    assert "AudioServerPlugInClientInfo" in compiles(dialect, source, tmp_path)


def test_a_driver_function_with_a_wrong_parameter_does_not_compile(tmp_path: Path) -> None:
    source = """#include <CoreAudio/AudioServerPlugIn.h>
    static OSStatus start(AudioServerPlugInDriverRef driver, UInt64 device, UInt32 client) {
        (void)driver, (void)device, (void)client;
        return 0;
    }
    extern AudioServerPlugInDriverInterface table;
    AudioServerPlugInDriverInterface table = {.StartIO = start};
    """
    assert "incompatible" in compiles(Dialect("gcc", "c11"), source, tmp_path)
