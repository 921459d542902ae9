"""Give any bytes to whatever reads bytes of others: python -m tests.fuzz --seconds 60.

What fails is kept as a file whose name begins with the reader's; `--replay FILE` tries it again.
Exit code 0 when nothing was found, 1 when something was, 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.program import GRACE_SECONDS, run_again, run_program
from tests.fuzz.search import Note, noted, search
from tests.fuzz.targets import BY_NAME, PLANTED, TARGETS, Target

ROOT = Path(__file__).parents[2]
FOUND = 1
PROOF_SECONDS = 30.0


@dataclass(frozen=True)
class Line:
    """What is said about a target."""

    text: str
    good: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the targets; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=_seconds, default=60.0, help="how long (60)")
    parser.add_argument("--into", type=Path, default=ROOT / "reports" / "fuzz", help="for finds")
    parser.add_argument("--programs", type=Path, help="folder of the targets in C and their corpus")
    parser.add_argument("--plant", action="store_true", help="readers with a mistake in them")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="try a find again")
    parser.add_argument("--one", choices=BY_NAME, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    chosen.into.mkdir(parents=True, exist_ok=True)
    if chosen.one:
        return _search_here(BY_NAME[chosen.one], chosen.seconds, chosen.into.absolute())
    if chosen.replay:
        return _replay(parser, chosen.replay, chosen.programs)
    jobs = _jobs(chosen.seconds, chosen.into.absolute(), chosen.programs, plant=chosen.plant)
    good = True
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for line in pool.map(lambda job: job(), jobs):
            print(line.text, flush=True)
            good = good and line.good
    return 0 if good else FOUND


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return value


def _jobs(
    seconds: float, into: Path, programs: Path | None, *, plant: bool
) -> list[Callable[[], Line]]:
    targets = PLANTED if plant else TARGETS
    jobs = [_in_a_process(target, seconds * target.share, into) for target in targets]
    if programs is not None:
        name = "fuzz_wire_planted" if plant else "fuzz_wire"
        jobs.insert(0, lambda: _program(programs / name, programs / "corpus", into, seconds))
        if not plant:
            jobs.insert(0, lambda: _proof(programs, into / "proof"))
    return jobs


# ---- readers in Python ---------------------------------------------------------------------------


def _in_a_process(target: Target, seconds: float, into: Path) -> Callable[[], Line]:
    """One of its own: a crash is a find, too."""
    own = (sys.executable, "-m", "tests.fuzz", "--one", target.name)

    def work() -> Line:
        command = [*own, "--seconds", str(seconds), "--into", str(into)]
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=seconds + GRACE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            path = _keep(target.name, _last(into, target), "it did not return", into)
            return Line(f"{target.name}: FOUND, it does not return{_again(path)}", good=False)
        if done.returncode in (0, FOUND) and done.stdout:
            return Line(done.stdout.strip(), good=done.returncode == 0)
        why = f"ended with {done.returncode}\n{done.stderr}"
        path = _keep(target.name, _last(into, target), why, into)
        return Line(f"{target.name}: FOUND, it ends with {done.returncode}{_again(path)}", False)

    return work


def _last(into: Path, target: Target) -> bytes:
    path = into / f"{target.name}.last"
    return noted(path) if path.exists() else b""


def _search_here(target: Target, seconds: float, into: Path) -> int:
    path = into / f"{target.name}.last"
    seed = int.from_bytes(os.urandom(4), "little")
    outcome = search(target.inputs, target.check, seconds=seconds, note=Note(path), first_seed=seed)
    path.unlink()
    if outcome.find is None:
        print(f"{target.name}: {outcome.inputs} inputs in {seconds:g} s, none failed")
        return 0
    find = _keep(target.name, outcome.find.data, outcome.find.why, into)
    print(f"{target.name}: FOUND after {outcome.inputs} inputs: {outcome.find.said}{_again(find)}")
    return FOUND


def _keep(name: str, data: bytes, why: str, into: Path) -> Path:
    path = into / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(why, encoding="utf-8")
    return path


def _again(find: Path, programs: Path | None = None) -> str:
    shown = find.relative_to(ROOT) if find.is_relative_to(ROOT) else find
    command = f"python -m tests.fuzz --replay {shown}"
    return f"\n  kept; again: {command}{f' --programs {programs}' if programs else ''}"


# ---- programs ------------------------------------------------------------------------------------


def _program(program: Path, corpus: Path, into: Path, seconds: float) -> Line:
    ending = run_program(program, corpus, into, seconds=seconds)
    if not ending.failed:
        return Line(f"{program.name}: {ending.inputs} inputs in {seconds:g} s, none failed", True)
    kept = "".join(_again(find, program.parent) for find in ending.finds)
    return Line(f"{program.name}: FOUND: {ending.said}{kept}", good=False)


def _proof(programs: Path, into: Path) -> Line:
    """The same fuzzer finds the mistake in a parser that has one."""
    into.mkdir(exist_ok=True)
    program, corpus = programs / "fuzz_wire_planted", into / "corpus"
    shutil.copytree(programs / "corpus", corpus, dirs_exist_ok=True)
    ending = run_program(program, corpus, into, seconds=PROOF_SECONDS)
    if ending.failed and ending.finds:
        return Line(f"{program.name}: the planted mistake was found, as it must be", good=True)
    return Line(
        f"{program.name}: the planted mistake was NOT found in {PROOF_SECONDS:g} s: {ending.said}",
        good=False,
    )


def _replay(parser: argparse.ArgumentParser, find: Path, programs: Path | None) -> int:
    if not find.is_file():
        parser.error(f"{find}: there is no such file")
    name = find.name.rsplit("-", 1)[0]
    if name in BY_NAME:
        try:
            BY_NAME[name].check(find.read_bytes())
        except Exception as error:  # noqa: BLE001  (whatever it is, it is a find)
            traceback.print_exc()
            print(f"{name}: {type(error).__name__}: {error}")
            return FOUND
        print(f"{name}: this input is no find any more")
        return 0
    # libFuzzer puts crash- or timeout- before its digest.
    name = name.split("-")[0]
    program = (programs or Path()) / name
    if not name.startswith("fuzz_") or programs is None or not program.is_file():
        parser.error(
            f"{find.name} begins with no reader's name, or its program is not below --programs"
        )
    ending = run_again(program, find)
    print(f"{name}: {ending.said}" if ending.failed else f"{name}: this input is no find any more")
    return FOUND if ending.failed else 0


if __name__ == "__main__":
    sys.exit(main())
