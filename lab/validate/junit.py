"""JUnit XML, as CI systems read it: a suite for each family, a case for each check."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from lab.validate.check import FAMILIES, Check
from lab.validate.outcome import Head, Outcome, Status

_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(head: Head, outcomes: Sequence[Outcome], checks: Sequence[type[Check]]) -> bytes:
    """Make the file.

    Parameters
    ----------
    head
        What was validated.
    outcomes
        What came of it.
    checks
        All that were run.
    """
    by_id = {check.id: check for check in checks}
    root = ET.Element("testsuites", name=f"hal-lab validate {_clean(Path(head.bundle).name)}")
    for family in FAMILIES:
        members = [outcome for outcome in outcomes if by_id[outcome.check].family == family]
        if members:
            root.append(_suite(f"{head.profile}.{family}", members, by_id))
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _suite(name: str, outcomes: list[Outcome], by_id: dict[str, type[Check]]) -> ET.Element:
    suite = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(outcomes)),
        failures=str(sum(outcome.status.is_drivers_fault for outcome in outcomes)),
        errors=str(sum(outcome.status is Status.ERROR for outcome in outcomes)),
        skipped=str(sum(outcome.status is Status.SKIPPED for outcome in outcomes)),
        time=f"{sum(outcome.seconds for outcome in outcomes):.3f}",
    )
    for outcome in outcomes:
        suite.append(_case(name, outcome, by_id[outcome.check]))
    return suite


def _case(suite: str, outcome: Outcome, check: type[Check]) -> ET.Element:
    case = ET.Element(
        "testcase", classname=suite, name=outcome.check, time=f"{outcome.seconds:.3f}"
    )
    why = _clean(outcome.evidence[0]) if outcome.evidence else ""
    lines = [check.sentence(), *outcome.evidence]
    if outcome.ending is not None:
        lines += outcome.ending.backtrace
    tag = {Status.SKIPPED: "skipped", Status.ERROR: "error"}.get(outcome.status)
    if outcome.status.is_drivers_fault:
        tag = "failure"
    if tag is not None:
        child = ET.SubElement(case, tag, message=why)
        if tag != "skipped":
            child.set("type", outcome.status.value)
            child.text = _clean("\n".join(lines))
    told = [f"warning: {line}" for line in outcome.evidence if outcome.status is Status.WARNING]
    told += outcome.notes
    if told:
        ET.SubElement(case, "system-out").text = _clean("\n".join(told))
    return case


def _clean(text: str) -> str:
    """Without what XML has no way to say: a driver may have any byte in its name."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
