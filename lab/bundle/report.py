"""An inspection as text, as JSON and as Markdown."""

from __future__ import annotations

import json
from typing import Any

from lab.bundle.executable import Code
from lab.bundle.findings import Finding, Severity, shown
from lab.bundle.inspect import Inspection

_MARKUP = frozenset("\\`*_{}[]()<>#+!|&~@:$")
FORMAT = 1
"""Of the JSON; grows when a field changes its meaning or goes away."""


def as_json(inspection: Inspection) -> str:
    """An inspection for programs; docs/reference/inspect.md describes it.

    Returns
    -------
    str
        ASCII, one document.
    """
    executable = inspection.executable
    found: dict[str, Any] = {
        "format": FORMAT,
        "path": _plain(str(inspection.path)),
        "identifier": _plain(inspection.identifier),
        "accepted": inspection.accepted,
        "verdicts": [
            {"profile": one.profile, "outcome": one.outcome, "reasons": list(one.reasons)}
            for one in inspection.verdicts
        ],
        "findings": [
            {
                "id": one.id,
                "severity": one.severity.value,
                "profile": one.profile,
                "sentence": one.sentence,
                "because": one.because,
            }
            for one in inspection.findings
        ],
        "not-judged": list(inspection.not_judged),
        "types": None
        if inspection.tables is None
        else {
            _plain(uuid.written): [_plain(factory.written) for factory in factories]
            for uuid, factories in inspection.tables.types
        },
        "executable": None
        if executable is None
        else {"format": executable.format, "code": [_code(one) for one in executable.code]},
    }
    return json.dumps(found, indent=1)


def lines_of(inspection: Inspection) -> list[str]:
    """What is said of a bundle before its verdicts: plain text, one fact a line."""
    lines = [f"bundle      {shown(str(inspection.path), 1000)}"]
    lines.append(f"identifier  {shown(inspection.identifier) if inspection.identifier else 'none'}")
    executable = inspection.executable
    if executable is None:
        lines.append("executable  none that could be looked at")
        return lines
    lines.append(f"executable  {executable.format}")
    return [*lines, *(f"  {one.architecture:10}{_about(one)}" for one in executable.code)]


def as_markdown(inspection: Inspection) -> str:
    """An inspection as a section of Markdown, such as the summary of a job of GitHub's.

    Returns
    -------
    str
        A heading, and a table with a row for each profile. Nothing that a bundle says of itself can
        become markup.
    """
    rows = [
        f"| {one.profile} | **{one.outcome}** | {'<br>'.join(map(_harmless, one.reasons))} |"
        for one in inspection.verdicts
    ]
    lines = [
        f"### {_harmless(inspection.path.name)}",
        "",
        "| macOS | would it be loaded? | why not, or why nobody can say |",
        "|---|---|---|",
        *rows,
        "",
    ]
    return "\n".join(lines) + "\n"


def grouped(findings: tuple[Finding, ...]) -> list[tuple[Finding, list[str]]]:
    """Findings that say the same for several profiles, as one with the names; the worst first."""
    order = list(Severity)
    groups: dict[tuple[str, str, Severity, str], tuple[Finding, list[str]]] = {}
    for one in findings:
        key = (one.id, one.sentence, one.severity, one.because)
        group = groups.setdefault(key, (one, []))
        if one.profile is not None:
            group[1].append(one.profile)
    return sorted(groups.values(), key=lambda group: order.index(group[0].severity))


def _harmless(text: str) -> str:
    """Text as Markdown shows it: nothing in it is markup, and it does not end a cell."""
    quiet = "".join(f"&#{ord(one)};" if one in _MARKUP else one for one in _plain(text))
    return "".join(one if one.isprintable() else "?" for one in quiet)


def _about(code: Code) -> str:
    parts = []
    if code.minimum:
        parts.append(f"macOS {'.'.join(map(str, code.minimum[:2]))} or later")
    if code.exports:
        parts.append("exports " + ", ".join(shown(name, 80) for name in code.exports))
    signature = code.signature
    if signature is not None:
        kind = "ad-hoc" if signature.ad_hoc else "signed"
        if signature.linker_signed:
            kind += " (by the linker)"
        if signature.wrong_pages is None:
            verified = "not verified"
        else:
            verified = "pages changed" if signature.wrong_pages else f"{signature.pages} pages good"
        sealed = "sealed" if code.seal is not None and code.seal.sealed else "not sealed"
        parts.append(f"{kind}, cdhash {signature.cdhash}, {verified}, {sealed}")
    return "; ".join(parts) or "nothing to tell"


def _code(code: Code) -> dict[str, Any]:
    signature = code.signature
    return {
        "architecture": code.architecture,
        "minimum-macos": ".".join(map(str, code.minimum)) or None,
        "libraries": [_plain(name) for name in code.libraries],
        "exported-factories": [_plain(name) for name in code.exports],
        "signature": None
        if signature is None
        else {
            "identifier": _plain(signature.identifier),
            "team": _plain(signature.team) or None,
            "ad-hoc": signature.ad_hoc,
            "linker-signed": signature.linker_signed,
            "hardened-runtime": signature.hardened,
            "certificate": signature.has_certificate,
            "hash": signature.algorithm,
            "cdhash": signature.cdhash,
            "pages": signature.pages,
            "pages-verified": None if signature.wrong_pages is None else not signature.wrong_pages,
            "sealed": code.seal is not None and code.seal.sealed,
        },
    }


def _plain(text: str) -> str:
    """Names that are no UTF-8 would be no JSON."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
