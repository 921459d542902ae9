#!/usr/bin/env python3
"""Compile and link a driver for macOS, without a Mac and without Apple's SDK.

Compiles the sources with `python -m ziglang cc` (which brings Darwin's libc, mach and dispatch
headers) for both architectures, links each with LLVM's ld64.lld against the stubs in this folder
(CoreFoundation.tbd, ...) and makes one universal file of them. Headers of frameworks, which nobody
else ships, come from sim/sdk/include. Those of the system (mach, os, dispatch) do not: what
compiles only against ours fails here.

C++ sources compile against zig's libc++ headers; symbols of the C++ library are left to be found
at load time, there is no stub of it.

Exit status: 0 built, 1 the driver does not build, 77 skipped because a tool is missing.

Environment: LD64 and LIPO name the linker and llvm-lipo when they have unusual names.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SDK_INCLUDE = HERE.parent.parent / "sim" / "sdk" / "include"

SKIPPED = 77
LLVM_SUFFIXES = ("", "-19", "-18", "-17", "-16", "-15", "-14")

# What zig's Darwin headers lack; taken from sim/sdk/include.
FRAMEWORKS = ("CoreFoundation", "CoreAudio", "CoreAudioTypes", "Accelerate")

# zig's name of an architecture, by ld64's.
ZIG_ARCHITECTURES = {"arm64": "aarch64", "x86_64": "x86_64"}
CPU_TYPES = {"arm64": 0x0100000C, "x86_64": 0x01000007}
MH_MAGIC_64 = 0xFEEDFACF
MH_BUNDLE = 8
CXX_SUFFIXES = {".cc", ".cpp", ".cxx"}


class MissingToolError(Exception):
    """A tool that the check needs is not installed."""


class BuildError(Exception):
    """The driver does not compile or link; the message holds the tool's output."""


def find_tool(variable: str, name: str, hint: str) -> str:
    """Return the path of a tool: what the environment variable says, or any LLVM's."""
    wanted = os.environ.get(variable)
    for candidate in [wanted] if wanted else [name + suffix for suffix in LLVM_SUFFIXES]:
        path = shutil.which(candidate)
        if path:
            return path
    msg = f"{wanted or name} is not installed ({hint})"
    raise MissingToolError(msg)


def find_zig() -> Path:
    """Return the folder of the ziglang package of this Python."""
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        msg = "the Python package ziglang is not installed (pip install ziglang==0.15.2)"
        raise MissingToolError(msg)
    return Path(spec.origin).parent


def run(command: list[str]) -> None:
    """Run a command; its output is the error when it fails, and shown when there is any."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    output = (done.stdout + done.stderr).strip()
    if done.returncode != 0:
        msg = f"{' '.join(command)}\n{output}"
        raise BuildError(msg)
    if output:
        print(output, file=sys.stderr)


def framework_headers(folder: Path) -> Path:
    """Make a folder in which only the frameworks of the SDK can be included."""
    headers = folder / "frameworks"
    headers.mkdir()
    for name in FRAMEWORKS:
        if (SDK_INCLUDE / name).is_dir():
            (headers / name).symlink_to(SDK_INCLUDE / name, target_is_directory=True)
    return headers


def compile_source(
    source: Path, architecture: str, options: argparse.Namespace, headers: Path, folder: Path
) -> Path:
    """Compile one source file and return the object file."""
    is_cxx = source.suffix in CXX_SUFFIXES
    built = folder / f"{len(list(folder.iterdir()))}-{source.stem}.{architecture}.o"
    command = [sys.executable, "-m", "ziglang", "c++" if is_cxx else "cc"]
    command += ["-target", f"{ZIG_ARCHITECTURES[architecture]}-macos.{options.minimum}"]
    command += ["-std=c++17" if is_cxx else "-std=gnu11", "-O2", "-g0", "-fblocks"]
    command += ["-Wall", "-Wextra", "-Werror"]
    command += ["-Wno-four-char-constants", "-Wno-deprecated-declarations"]
    # zig switches the undefined-behaviour sanitizer on by itself; its runtime is not linked here.
    command += ["-fno-sanitize=undefined"]
    for include in options.include:
        command += ["-I", str(include)]
    if source in options.foreign:
        command += ["-w", *(f"-I{folder}" for folder in options.foreign_include)]
    command += [f"-D{define}" for define in options.define]
    command += ["-idirafter", str(headers), "-idirafter", str(HERE / "include")]
    command += [*options.flag, "-c", str(source), "-o", str(built)]
    run(command)
    return built


def link(
    objects: list[Path], architecture: str, options: argparse.Namespace, linker: str, zig: Path
) -> Path:
    """Link an MH_BUNDLE of one architecture and return it."""
    built = objects[0].with_name(f"{options.output.name}.{architecture}")
    command = [linker, "-arch", architecture, "-bundle", "-adhoc_codesign", "-o", str(built)]
    command += ["-platform_version", "macos", options.minimum, options.minimum]
    command += [str(path) for path in objects]
    command += [str(HERE / f"{name}.tbd") for name in ("CoreFoundation", "CoreAudio", "Accelerate")]
    command += [str(zig / "lib" / "libc" / "darwin" / "libSystem.tbd")]
    for symbol in options.export:
        command += ["-exported_symbol", f"_{symbol}"]
    if any(source.suffix in CXX_SUFFIXES for source in options.sources):
        command += ["-undefined", "dynamic_lookup"]
    run(command)
    return built


def check_bundle(path: Path, architecture: str) -> None:
    """Raise unless the file is a Mach-O bundle of the architecture."""
    magic, cpu, _, kind = struct.unpack("<4I", path.read_bytes()[:16])
    if (magic, cpu, kind) != (MH_MAGIC_64, CPU_TYPES[architecture], MH_BUNDLE):
        msg = f"{path} is no {architecture} bundle: {magic:#x} {cpu:#x} type {kind}"
        raise BuildError(msg)


def build(options: argparse.Namespace) -> Path | None:
    """Build what the options say; return the universal file, None with --compile-only."""
    zig = find_zig()
    linker = lipo = ""
    if not options.compile_only:
        linker = find_tool("LD64", "ld64.lld", "apt-get install lld")
        lipo = find_tool("LIPO", "llvm-lipo", "apt-get install llvm")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        headers = framework_headers(folder)
        slices = []
        for architecture in options.arch:
            objects = [
                compile_source(source, architecture, options, headers, folder)
                for source in [*options.sources, *options.foreign]
            ]
            if not options.compile_only:
                slices.append(link(objects, architecture, options, linker, zig))
                check_bundle(slices[-1], architecture)
        if options.compile_only:
            return None
        options.output.parent.mkdir(parents=True, exist_ok=True)
        run([lipo, "-create", *map(str, slices), "-output", str(options.output)])
    return Path(options.output)


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sources", nargs="+", type=Path, help="C and C++ files of the driver")
    parser.add_argument("-I", "--include", action="append", default=[], help="folder of headers")
    parser.add_argument("-D", "--define", action="append", default=[], help="NAME or NAME=VALUE")
    parser.add_argument("--flag", action="append", default=[], help="passed on to the compiler")
    parser.add_argument(
        "--foreign",
        action="append",
        default=[],
        type=Path,
        help="a C file of somebody else's, compiled without warnings",
    )
    parser.add_argument(
        "--foreign-include", action="append", default=[], help="folder of headers for those alone"
    )
    parser.add_argument("--export", action="append", default=[], help="factory function")
    parser.add_argument("--arch", action="append", choices=sorted(ZIG_ARCHITECTURES))
    parser.add_argument("--minimum", default="11.0", help="oldest macOS to run on")
    parser.add_argument("--compile-only", action="store_true", help="do not link")
    parser.add_argument("-o", "--output", type=Path, help="the universal file to write")
    options = parser.parse_args(arguments)
    options.arch = options.arch or ["arm64", "x86_64"]
    if not options.compile_only and not (options.export and options.output):
        parser.error("linking wants --export and --output")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; see the module's docstring."""
    try:
        built = build(parse_arguments(arguments))
    except MissingToolError as missing:
        print(f"SKIPPED: {missing}")
        return SKIPPED
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    print(built or "compiles")
    return 0


if __name__ == "__main__":
    sys.exit(main())
