"""Looking for things. Nothing here changes the machine; every function answers, none raises."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

MINIMUM_PYTHON = (3, 11)
MINIMUM_CMAKE = (3, 24)
_COMPILERS = ("cc", "gcc", "clang")
_TIMEOUT_S = 60


@dataclass(frozen=True)
class Finding:
    """Whether something is there.

    Attributes
    ----------
    ok
        It is.
    detail
        Which, or why not.
    """

    ok: bool
    detail: str = ""


def run(command: list[str]) -> tuple[int, str]:
    """Run a command; its exit code (127 when it cannot be started) and what it said."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 127, str(error)
    return done.returncode, done.stdout + done.stderr


def version_in(text: str) -> tuple[int, ...]:
    """The first version number in a text, empty without one."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in found.groups() if part) if found else ()


def python_version() -> Finding:
    """The interpreter that runs this."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding(sys.version_info >= MINIMUM_PYTHON, f"{version} ({sys.executable})")


def chromium() -> Finding:
    """A browser of Chromium's kin, under one of the names that systems give it."""
    found = program("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    if found.ok:
        return found
    for name in ("Chromium", "Google Chrome"):
        path = Path("/Applications") / f"{name}.app" / "Contents" / "MacOS" / name
        if path.exists():
            return Finding(True, str(path))
    return found


def python_modules(*names: str) -> Finding:
    """Modules of the standard library that distributions split off."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    return Finding(not missing, f"no module {missing[0]}" if missing else "there")


def program(*names: str) -> Finding:
    """The first of several programs on PATH."""
    for name in names:
        path = shutil.which(name)
        if path:
            return Finding(True, path)
    return Finding(False, f"no {' or '.join(names)} on PATH")


def cmake() -> Finding:
    """A cmake that is new enough."""
    found = program("cmake")
    if not found.ok:
        return found
    version = version_in(run(["cmake", "--version"])[1])
    shown = ".".join(str(part) for part in version) or "of unknown version"
    return Finding(version >= MINIMUM_CMAKE, f"{found.detail}, {shown}")


def package(name: str) -> Finding:
    """A library, as pkg-config knows it."""
    tool = shutil.which("pkg-config") or shutil.which("pkgconf")
    if tool is None:
        return Finding(False, "cannot tell without pkg-config")
    code, text = run([tool, "--modversion", name])
    return Finding(code == 0, text.strip() if code == 0 else f"pkg-config has no {name}")


def c_compiler() -> Finding:
    """A compiler that makes programs, not only one that is installed."""
    return compiles("int main(void) { return 0; }\n")


def library(name: str, *, symbol: str) -> Finding:
    """A library without pkg-config file, with its symbol."""
    source = f"extern void {symbol}(void); int main(void) {{ {symbol}(); return 0; }}\n"
    found = compiles(source, f"-l{name}")
    if found.ok:
        return Finding(True, ctypes.util.find_library(name) or f"lib{name}")
    return Finding(False, f"cannot link against lib{name}")


def shared_library(name: str, *files: str) -> Finding:
    """A library that programs load when they run: by its name, or one of these files."""
    found = ctypes.util.find_library(name)
    for file in (*files, *([found] if found else ())):
        try:
            ctypes.CDLL(file)
        except OSError:
            continue
        return Finding(True, file)
    return Finding(False, f"no lib{name} can be loaded")


def sanitizer(names: str) -> Finding:
    """A compiler that has these sanitizers and their runtimes."""
    return compiles("int main(void) { return 0; }\n", f"-fsanitize={names}")


def libfuzzer() -> Finding:
    """A clang that has libFuzzer; other compilers have none."""
    source = (
        "int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n);\n"
        "int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n)"
        " { return d == 0 && n > 0; }\n"
    )
    return compiles(source, "-fsanitize=fuzzer", compilers=("clang",))


def compiles(source: str, *options: str, compilers: tuple[str, ...] = _COMPILERS) -> Finding:
    """Whether a C source makes a program; which compiler did it, CC or one of these."""
    chosen = _chosen_compiler()
    said = f"no {chosen[0]} on PATH, and CC names it" if chosen else "no C compiler on PATH"
    for name, *words in [chosen] if chosen else [[name] for name in compilers]:
        compiler = shutil.which(name)
        if compiler is None:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "probe.c")
            path.write_text(source, encoding="utf-8")
            out = str(path.with_suffix(""))
            code, text = run([compiler, *words, str(path), "-o", out, *options])
        if code == 0:
            first = run([compiler, *words, "--version"])[1].splitlines()
            return Finding(True, first[0] if first else compiler)
        last = [line for line in text.splitlines() if line.strip()][-1:]
        said = f"{compiler}: {last[0].strip() if last else 'fails'}"
    return Finding(False, said)


def _chosen_compiler() -> list[str]:
    """CC as make takes it, a command with words behind it (``ccache gcc``); empty without."""
    chosen = os.environ.get("CC", "")
    try:
        return shlex.split(chosen)
    except ValueError:  # a quote that nobody closed
        return [chosen]


def shared_memory(least_bytes: int) -> Finding:
    """POSIX shared memory, writable and large enough."""
    folder = Path("/dev/shm")  # noqa: S108  (where Linux has it)
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(False, f"{folder}: {error.strerror}")
    return Finding(free >= least_bytes, f"{free >> 20} MiB free in {folder}")


def fifo() -> Finding:
    """Whether SCHED_FIFO is permitted; tried in a child, so that nothing stays changed."""
    if not hasattr(os, "sched_setscheduler"):
        return Finding(True, "time-constraint policy")
    code = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    status, text = run([sys.executable, "-c", code])
    if status == 0:
        return Finding(True, "SCHED_FIFO permitted")
    last = text.strip().splitlines()[-1:] or ["refused"]
    return Finding(False, last[0].split(": ", 1)[-1])
