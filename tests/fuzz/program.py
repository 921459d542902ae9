"""The fuzz targets in C: programs of libFuzzer, or of driver/bunghole/fuzz/fuzz_main.c."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.search import MOST_SECONDS

GRACE_SECONDS = 120.0
"""Beyond the seconds that were asked for: a sanitizer that makes a report takes its time."""
# Without, a sanitizer ends the process in a way that fuzz_main.c does not see.
_SANITIZERS = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=1",
    "UBSAN_OPTIONS": "abort_on_error=1:print_stacktrace=1",
}


@dataclass(frozen=True)
class Ending:
    """How a program ended.

    Attributes
    ----------
    inputs
        How many it says that it has tried.
    finds
        Files with inputs on which it failed.
    said
        The last that it said.
    failed
        Whether it did not end well.
    """

    inputs: int
    finds: tuple[Path, ...]
    said: str
    failed: bool


def run_program(program: Path, corpus: Path, into: Path, *, seconds: float) -> Ending:
    """Let a program look for finds.

    Parameters
    ----------
    program
        A fuzz target.
    corpus
        A folder of inputs to begin with; libFuzzer adds what it finds worth keeping.
    into
        Folder for finds.
    seconds
        How long.

    Returns
    -------
    Ending
    """
    name = program.name
    before = set(into.glob(f"{name}-*"))
    own = into / f"{name}.run"
    own.mkdir(parents=True, exist_ok=True)
    if has_libfuzzer(program):
        arguments = [
            *(f"-max_total_time={max(int(seconds), 1)}", f"-timeout={int(MOST_SECONDS)}"),
            *(f"-artifact_prefix={into}/{name}-", "-max_len=8192", "-print_final_stats=1"),
            str(corpus),
        ]
    else:
        inputs = sorted(str(path) for path in corpus.iterdir())
        arguments = ["--seconds", str(max(int(seconds), 1)), *inputs]
    said, code = _run([str(program.absolute()), *arguments], own, seconds + GRACE_SECONDS)
    (own / "log.txt").write_text(said, encoding="utf-8")
    left = own / "crash-input"
    if left.exists():
        digest = hashlib.sha256(left.read_bytes()).hexdigest()[:12]
        left.replace(into / f"{name}-{digest}")
    counts = re.findall(r"(?:number_of_executed_units: +|^)(\d+)(?: inputs|$)", said, re.MULTILINE)
    finds = sorted(set(into.glob(f"{name}-*")) - before)
    return Ending(int(counts[-1]) if counts else 0, tuple(finds), _gist(said), code != 0)


def run_again(program: Path, find: Path) -> Ending:
    """Give a program one input."""
    said, code = _run([str(program.absolute()), str(find.absolute())], find.parent, GRACE_SECONDS)
    return Ending(1, (find,) if code else (), _gist(said), code != 0)


def has_libfuzzer(program: Path) -> bool:
    """Whether libFuzzer drives it, which has a help text."""
    done = subprocess.run(
        [program.absolute(), "-help=1"], capture_output=True, timeout=60, check=False
    )
    return done.returncode == 0 and b"-max_total_time" in done.stdout + done.stderr


def _run(command: list[str], folder: Path, seconds: float) -> tuple[str, int]:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | _SANITIZERS,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"ended after {seconds:g} s: it did not stop by itself", 1
    return done.stdout.decode("utf-8", "replace"), done.returncode


def _gist(said: str) -> str:
    """The line that says what was wrong, else the last one."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"ERROR:|runtime error|^fuzz_\w+: ", line)]
    return (telling or lines or ["it said nothing"])[0 if telling else -1]
