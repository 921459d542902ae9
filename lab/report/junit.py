"""A night as JUnit XML, for whatever shows test results: a suite for each driver.

There is no standard, but a common core that Jenkins, GitLab and GitHub's actions read: counts on
the suites; ``failure`` or ``skipped`` in a case; ``system-out`` for what else there is to say.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from lab.night.record import Night
from lab.report.page.figures import (
    count_of,
    figure,
    limit_of,
    of_the_run,
    room_of,
)
from lab.report.terminal import words
from lab.results import Result, Verdict

# XML 1.0 has no way to say these, not even as references.
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_GLITCHES = 20
_SKIPPED = (Verdict.SKIPPED, Verdict.UNFIT_MACHINE)


def as_junit(night: Night) -> str:
    """A night as JUnit XML.

    Parameters
    ----------
    night
        The record.

    Returns
    -------
    str
        A case for each result. A run that an unfit machine could not judge counts as skipped: it
        is no failure of the driver, and says so.
    """
    root = ET.Element("testsuites", name=_clean(f"hal-lab night {night.night}"))
    suites: dict[str, list[Result]] = {}
    for result in night.results:
        suites.setdefault(result.driver_name, []).append(result)
    for driver, results in suites.items():
        root.append(_suite(driver, results, night))
    _count(root, night.results)
    root.set("time", f"{night.duration_s:.3f}")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(driver: str, results: list[Result], night: Night) -> ET.Element:
    suite = ET.Element("testsuite", name=_clean(driver), timestamp=_clean(night.made_at))
    if night.machine.name:
        suite.set("hostname", _clean(night.machine.name))
    _count(suite, results)
    suite.set("time", f"{sum(result.duration_s for result in results):.3f}")
    for result in results:
        suite.append(_case(driver, result))
    return suite


def _count(element: ET.Element, results: list[Result]) -> None:
    element.set("tests", str(len(results)))
    element.set("failures", str(sum(r.verdict is Verdict.FAIL for r in results)))
    element.set("errors", "0")
    element.set("skipped", str(sum(r.verdict in _SKIPPED for r in results)))


def _case(driver: str, result: Result) -> ET.Element:
    name = f"{result.scenario} ({of_the_run(result)}, seed {result.seed})"
    case = ET.Element("testcase", classname=_clean(driver), name=_clean(name))
    case.set("time", f"{result.duration_s:.3f}")
    reason = result.reason or words(result.verdict.value)
    if result.verdict is Verdict.FAIL:
        failure = ET.SubElement(case, "failure", message=_clean(reason), type="fail")
        failure.text = _clean(_story(result, reason))
    elif result.verdict in _SKIPPED:
        message = reason if result.verdict is Verdict.SKIPPED else f"unfit machine: {reason}"
        ET.SubElement(case, "skipped", message=_clean(message))
    else:
        ET.SubElement(case, "system-out").text = _clean(_figures(result))
    return case


def _story(result: Result, reason: str) -> str:
    """All that one needs who has only this file."""
    told = [reason]
    if result.command:
        told.append(f"make it again: {result.command}")
    told.append(_figures(result))
    count = max(result.glitch_count, len(result.glitches))
    for glitch in result.glitches[:_GLITCHES]:
        place = f" at frame {glitch.position_frame:,}" if glitch.position_frame >= 0 else ""
        size = f", {count_of(glitch.frames, 'frame')}" if glitch.frames > 0 else ""
        told.append(f"glitch: {words(glitch.kind)}{place}{size}: {glitch.cause}")
    left = count - min(len(result.glitches), _GLITCHES)
    if left > 0:
        told.append(f"and {count_of(left, 'more glitch', 'more glitches')}")
    return "\n".join(line for line in told if line)


def _figures(result: Result) -> str:
    lines = []
    for m in result.measurements:
        limit = f", limit {limit_of(m)}, {room_of(m)}" if m.limit is not None else ""
        lines.append(f"{words(m.name)}: {figure(m.value, m.unit)}{limit}")
    return "\n".join(lines)


def _clean(text: str) -> str:
    """What XML can hold; anything else becomes a replacement character."""
    return _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", text)
