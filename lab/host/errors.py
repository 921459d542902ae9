"""What the simulated coreaudiod, or a driver in it, can do to its user."""

from __future__ import annotations

from typing import Any

from lab.errors import LabError


class HostError(LabError):
    """A request was refused.

    Parameters
    ----------
    status
        ``argument``, ``not-found``, ``bundle``, ``load``, ``factory``, ``driver``, ``contract``,
        ``unsupported``, ``state``, ``system``, ``timeout``; or a JSON-RPC word: ``parse``,
        ``request``, ``method``, ``parameters``, ``internal``.
    os_status
        What the driver answered, 0 when it was not asked.
    message
        The host's line: what, where, what to do.
    """

    def __init__(self, status: str, os_status: int, message: str) -> None:
        self.status = status
        self.os_status = os_status
        self.message = message
        super().__init__(message)


class ProtocolError(LabError):
    """The other side does not speak the protocol."""


class HostTimeout(LabError):  # noqa: N818  (as TimeoutError: it is what happened)
    """The host did not answer in time; it is ended."""


class HostGone(LabError):  # noqa: N818
    """The host has ended although nobody asked it to.

    Attributes
    ----------
    exit_status
        Exit code, negative for a signal, None when not known.
    report
        The JSON object of its last words; empty when there were none.
    """

    def __init__(self, text: str, *, exit_status: int | None, report: dict[str, Any]) -> None:
        self.exit_status = exit_status
        self.report = report
        super().__init__(text)


class DriverCrashed(HostGone):
    """The driver crashed, and its host with it.

    Attributes
    ----------
    signal
        ``"SIGSEGV"``, ...
    entry_point
        The function of the interface that it was in; ``"?"`` when it was in none, but on a thread
        of its own, or when nobody could tell.
    backtrace
        One line per frame, innermost first.
    damage
        What the allocator found wrong with the heap, after that call or an earlier one had
        returned; else empty.
    """

    exit_code = 70

    def __init__(self, report: dict[str, Any]) -> None:
        self.signal = str(report.get("signal", "?"))
        self.entry_point = str(report.get("entry_point") or "?")
        self.backtrace = [str(line) for line in report.get("backtrace") or []]
        code = report.get("code")
        known = bool(report.get("entry_point"))
        where = f"in {self.entry_point}" if known else "outside any call"
        said = report.get("text")
        self.damage = str(report.get("damage") or "")
        if self.damage:
            after = f" {self.entry_point}{f' {code}' if code else ''}" if known else " its calls"
            super().__init__(
                f"the driver damaged the heap, which was found ({self.signal}: {self.damage}) "
                f"after{after} or an earlier call: {report.get('plugin') or 'unknown plug-in'}; "
                "look for what it writes beside a buffer, and what it frees",
                exit_status=70,
                report=report,
            )
            return
        text = (
            f"the driver crashed with {self.signal} {where}"
            f"{f' {code}' if code else ''}: {report.get('plugin') or 'unknown plug-in'}"
            f"{f' ({said})' if said else ''}; "
            "look at the backtrace (--debug) and run it in a debugger with --no-guard"
        )
        super().__init__(text, exit_status=70, report=report)


_PROBLEMS = {
    "deadlock": "the driver's threads wait for each other, and nothing is due",
    "livelock": "the driver's threads keep each other awake while time stands still",
    "spin": "a thread of the driver runs without end and calls nothing that gives way",
}
"""Beside "starved", which is a hang like any other."""


class DriverHung(HostGone):
    """The driver did not return from a call.

    Attributes
    ----------
    entry_point
        The function of the interface that it was in.
    elapsed_ms
        For how long.
    problem
        ``"deadlock"``, ``"livelock"``, ``"spin"`` or ``"starved"``, where virtual time owns the
        driver's threads; else empty.
    threads
        What each thread did then, one line each.
    """

    exit_code = 71

    def __init__(self, report: dict[str, Any]) -> None:
        self.entry_point = str(report.get("entry_point", "?"))
        self.elapsed_ms = int(report.get("elapsed_ms", 0))
        self.backtrace = [str(line) for line in report.get("backtrace") or []]
        self.problem = str(report.get("problem") or "")
        self.threads = [str(line) for line in report.get("threads") or []]
        plugin = report.get("plugin") or "unknown plug-in"
        if self.problem in _PROBLEMS:
            text = f"{_PROBLEMS[self.problem]}: {plugin}: {'; '.join(self.threads)}"
        else:
            text = (
                f"the driver hung in {self.entry_point} for {self.elapsed_ms} ms: {plugin}; "
                "find what it waits for there"
            )
        super().__init__(text, exit_status=71, report=report)


class HostCrashed(HostGone):
    """The simulator itself crashed, outside any driver: a bug of hal-lab."""

    exit_code = 72

    def __init__(self, report: dict[str, Any]) -> None:
        self.signal = str(report.get("signal", "?"))
        self.backtrace = [str(line) for line in report.get("backtrace") or []]
        text = (
            f"coreaudiod-sim crashed with {self.signal} outside any driver: a bug of hal-lab; "
            "report it with the backtrace (--debug)"
        )
        super().__init__(text, exit_status=72, report=report)


def ending_of(exit_status: int | None, report: dict[str, Any], last_words: str) -> HostGone:
    """What an unexpected end of the host means.

    Parameters
    ----------
    exit_status
        Exit code, negative for a signal, None when not known.
    report
        The last JSON object on stderr that has an ``event``; empty when there was none.
    last_words
        The last line of text on stderr.

    Returns
    -------
    HostGone
        To be raised.
    """
    event = report.get("event")
    if event == "driver-crashed":
        return DriverCrashed(report)
    if event == "driver-hung":
        return DriverHung(report)
    if event == "host-crashed":
        return HostCrashed(report)
    if event == "killed":
        text = f"coreaudiod-sim was ended by {report.get('signal', '?')}: {report.get('text', '')}"
        return HostGone(text, exit_status=exit_status, report=report)
    how = "ended" if exit_status is None else f"ended with code {exit_status}"
    if exit_status is not None and exit_status < 0:
        how = f"was ended by signal {-exit_status}"
    said = f": {last_words}" if last_words else " without a word"
    return HostGone(f"coreaudiod-sim {how}{said}", exit_status=exit_status, report=report)
