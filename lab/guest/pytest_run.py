"""Run pytest where AF_VSOCK is real: here, when this kernel has a loopback, else in a guest.

    python -m lab.guest.pytest_run [options] -- scenarios/bunghole

Whatever follows ``--`` goes to pytest, which runs in the current folder with this interpreter. In
a guest the checkout is read only: caches are off, and what is to be kept is named by options here.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError, MissingError
from lab.guest.command import OnOutput
from lab.guest.guest import Guest
from lab.guest.settings import GuestSettings, Vsock
from lab.guest.tiers import Tier, find_tier

MEMORY_MIB = 1024
LIMIT_S = 1500.0
PASSED_ON = ("HAL_LAB_BUILD", "HAL_LAB_BIN", "CI", "COLUMNS", "FORCE_COLOR")
"""Variables that a guest gets from here: it has an environment of its own."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run it.

    Parameters
    ----------
    argv
        Arguments; those of the process by default.

    Returns
    -------
    int
        pytest's exit status; 3 where there is no real vsock; 1 when the guest failed.
    """
    options = _parser().parse_args(argv)
    arguments = [*options.pytest, "--hal-vsock", "real"]
    try:
        tier = _tier(options.tier)
        print(f"pytest runs over {tier.text}", flush=True)
        if options.results is not None:
            options.results.parent.mkdir(parents=True, exist_ok=True)
        if tier is Tier.LOOPBACK:
            return _run_here(arguments, options)
        return _run_in_guest(arguments, options)
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab.guest.pytest_run",
        description="Run pytest where AF_VSOCK is real: here, or in a guest.",
    )
    parser.add_argument(
        "--tier", choices=("auto", "a", "b"), default="auto", help="see hal-lab doctor --for vsock"
    )
    parser.add_argument("--results", type=Path, metavar="FILE", help="as pytest --hal-results")
    parser.add_argument(
        "--logs", type=Path, metavar="FOLDER", help="console of a guest that failed"
    )
    parser.add_argument("--limit-s", type=float, default=LIMIT_S, help="of the whole run")
    parser.add_argument("pytest", nargs="*", metavar="ARGUMENT", help="behind --, for pytest")
    return parser


def _tier(wanted: str) -> Tier:
    choice = {"auto": (Tier.LOOPBACK, Tier.GUEST_LOOPBACK), "a": (Tier.LOOPBACK,)}
    reasons = []
    for tier in choice.get(wanted, (Tier.GUEST_LOOPBACK,)):
        found = find_tier(tier)
        if found.is_here:
            return tier
        reasons.append(f"tier {tier.value}: {found.reason}")
    raise MissingError("no real vsock here", where="; ".join(reasons), do="run hal-lab doctor")


def _run_here(arguments: list[str], options: argparse.Namespace) -> int:
    if options.results is not None:
        arguments = [*arguments, "--hal-results", str(options.results)]
    command = [sys.executable, "-m", "pytest", *_plugin(), *arguments]
    try:
        return subprocess.run(command, timeout=options.limit_s, check=False).returncode
    except subprocess.TimeoutExpired as error:
        raise LabError(
            f"pytest did not end within {options.limit_s:g} s", where="pytest"
        ) from error


def _run_in_guest(arguments: list[str], options: argparse.Namespace) -> int:
    here = Path.cwd()
    build = os.environ.get("HAL_LAB_BUILD")
    settings = GuestSettings(
        name="pytest",
        vsock=Vsock.LOOPBACK,
        memory_mib=MEMORY_MIB,
        visible=(here, *([Path(build)] if build else [])),
        log_folder=options.logs,
    )
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    with Guest(settings) as guest:
        results = guest.shared / "results.json"
        command = [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *_plugin()),
            *(*arguments, "--hal-results", str(results)),
        ]
        done = guest.run(
            command,
            env=environment,
            cwd=here,
            limit_s=options.limit_s,
            on_stdout=_pass_on(sys.stdout.fileno()),
            on_stderr=_pass_on(sys.stderr.fileno()),
        )
        if options.results is not None and results.exists():
            guest.take(results, options.results)
    return done.status if done.status >= 0 else 1


def _plugin() -> tuple[str, ...]:
    """Our plug-in, where the package is not installed but taken from the checkout."""
    from importlib.metadata import entry_points

    installed = any(point.value == "lab.pytest_plugin" for point in entry_points(group="pytest11"))
    return () if installed else ("-p", "lab.pytest_plugin")


def _pass_on(fd: int) -> OnOutput:
    def write(data: bytes) -> None:
        while data:
            data = data[os.write(fd, data) :]

    return write


if __name__ == "__main__":
    sys.exit(main())
