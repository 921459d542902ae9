"""What happens when the code of a bundle is opened, and what it shows of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lab.bundle.elf import is_elf, read_elf
from lab.bundle.macho import is_macho, read_macho
from lab.bundle.window import MalformedError, open_window
from lab.host.base import Host
from lab.host.subprocess_host import SubprocessHost
from lab.validate.check import Check, Need
from lab.validate.subject import Subject

SLOW_NS = 500_000_000
"""Real time in which a driver is opened, made and initialized. Those of this repository need 7 ms
at the most."""
PATIENCE_MS = 30_000
_OF_THE_LINKER = {"_init", "_fini", "__bss_start", "_edata", "_end", "__mh_bundle_header"}
_OF_CPLUSPLUS = re.compile(r"_*Z(N?K?S[absiot]|N?K?9__gnu_cxx|T[ISV]|GV|d[al]P|n[aw]m)")
"""Mangled names of the standard library, and what a compiler makes by itself for a class."""


class Opens(Check):
    """The code can be opened, and opening it does not crash."""

    id = "bundle-opens"
    family = "bundle"
    strictness = 1
    need = Need.REQUIRED
    source = "CFBundle.h: CFBundleLoadExecutable; dlopen(3)"

    def run(self, subject: Subject) -> None:
        """Nothing more than that."""
        opened = subject.probe().opened
        self.expect(
            not opened.symbols_missing,
            f"Info.plist names the factory {', '.join(opened.symbols_missing)}, and "
            f"{Path(opened.executable).name} exports no such function",
        )


class OpensQuickly(Check):
    """From opening the code to the end of Initialize, less than half a second goes by."""

    id = "bundle-opens-quickly"
    family = "bundle"
    strictness = 4
    need = Need.RECOMMENDED
    source = "Apple: Guidelines for Creating Dynamic Libraries (initializers); coreaudiod waits"
    limit_s = 100.0

    def run(self, subject: Subject) -> None:
        """In two processes, twice in each; the quicker one counts: a busy machine is no fault."""
        cold: list[int] = []
        warm: list[int] = []
        for _ in range(2):
            host = subject.host(call_limit_ms=PATIENCE_MS)
            took = self._open(subject, host)
            self.expect(took is not None, "the factory returned NULL, or Initialize failed")
            cold.append(took or 0)
            again = self._open(subject, host) if cold[-1] < SLOW_NS else None
            warm += [] if again is None else [again]
            if again is not None and again < SLOW_NS:
                break
        times = [f"{name} {min(found) / 1e6:.1f} ms" for name, found in _named(cold, warm) if found]
        for name, found in _named(cold, warm):
            self.expect(
                not found or min(found) < SLOW_NS,
                f"opened {len(found)} times, made and initialized: {', '.join(times)}; "
                f"{name}, it should be less than {SLOW_NS / 1e6:.0f} ms",
            )
        self.note(f"opened, made and initialized: {', '.join(times)}")

    def _open(self, subject: Subject, host: SubprocessHost) -> int | None:
        """Nanoseconds; None when no driver came of it."""
        probe = host.probe(subject.bundle)
        driver = probe.create()
        if driver is None:
            return None
        answer = driver.initialize()
        driver.close()
        probe.unload()
        return probe.opened.open_ns + driver.create_ns + answer.elapsed_ns if answer.ok else None


def _named(cold: list[int], warm: list[int]) -> tuple[tuple[str, list[int]], ...]:
    return (("the first time in a process", cold), ("again in the same process", warm))


class StartsNoThread(Check):
    """Opening the code starts no thread: threads begin with Initialize, or later."""

    id = "bundle-opens-without-thread"
    family = "bundle"
    strictness = 6
    need = Need.RECOMMENDED
    source = "Apple: Guidelines for Creating Dynamic Libraries (avoid work in initializers)"

    def run(self, subject: Subject) -> None:
        """Count them before and after."""
        host = subject.host()
        before = _threads(host)
        host.probe(subject.bundle)
        after = _threads(host)
        if before is None or after is None:
            self.skip("this system does not tell how many threads a process has")
            return
        self.expect(
            after <= before,
            f"the process had {before} threads before the code was opened, and has {after} with "
            "nothing in it called yet: a constructor has started some, for a plug-in that may "
            "never be asked for",
        )


def _threads(host: Host) -> int | None:
    return host.resources().threads


class ExportsFactory(Check):
    """The executable exports its factory functions, and nothing else."""

    id = "bundle-exports-only-factory"
    family = "bundle"
    strictness = 7
    need = Need.OPTIONAL
    source = "Apple: Dynamic Library Programming Topics (export what clients need, and no more)"

    def run(self, subject: Subject) -> None:
        """Read its tables."""
        opened = subject.probe().opened
        factories = {factory.symbol for factory in opened.factories}
        try:
            found = sorted(set(exported(Path(opened.executable))) - factories - _OF_THE_LINKER)
        except MalformedError as error:
            self.skip(f"its tables cannot be read: {error}")
            return
        others = [name for name in found if not _OF_CPLUSPLUS.match(name)]
        self.expect(
            not others,
            f"beside its factory it exports {', '.join(others[:5])}"
            + (f" and {len(others) - 5} more" if len(others) > 5 else "")
            + ": hide them (-fvisibility=hidden, or a list of exported symbols)",
        )


def exported(executable: Path) -> Iterator[str]:
    """Names of an executable's exported symbols, as in the source of C.

    Raises
    ------
    MalformedError
        It contradicts itself, or is neither ELF nor Mach-O.
    """
    with open_window(executable) as window:
        if is_elf(window):
            yield from read_elf(window).exports
        elif is_macho(window):
            for part in read_macho(window):
                yield from (name.removeprefix("_") for name in part.exports)
        else:
            raise MalformedError("it is neither ELF nor Mach-O")
