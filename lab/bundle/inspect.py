"""A bundle looked at as a whole: what it is, what was found, and the verdict per macOS version."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.bundle.attributes import judge_attributes
from lab.bundle.executable import Around, Executable, judge_executable
from lab.bundle.findings import Finding, Severity, in_all, shown
from lab.bundle.layout import Layout, is_plain_name, read_layout, resolve_within
from lab.bundle.plist import Dictionary, read_plist
from lab.bundle.uuids import PlugInTables, judge_uuids
from lab.bundle.verdict import Verdict, decide
from lab.bundle.window import MalformedError
from lab.profiles.profile import Profile

INFO_PLIST = "Contents/Info.plist"
_PLACEHOLDER = re.compile(r"\$[({][A-Za-z_][A-Za-z0-9_:]*[)}]")


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that is known of a bundle.

    Parameters
    ----------
    path
        Of its folder, without symbolic links.
    identifier
        CFBundleIdentifier; empty without one.
    tables
        Type UUIDs and factories; None when Info.plist has none.
    executable
        None when there is none to look at.
    findings
        In the order in which they were found, each once.
    verdicts
        One for each profile that was asked for.
    not_judged
        What could not be told from the files, in sentences.
    """

    path: Path
    identifier: str
    tables: PlugInTables | None
    executable: Executable | None
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    not_judged: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether each profile accepts it."""
        return all(verdict.outcome == "accepted" for verdict in self.verdicts)


def inspect_bundle(path: Path, profiles: list[Profile]) -> Inspection:
    """Look at a bundle; nothing is loaded, run or written.

    Parameters
    ----------
    path
        Of the ``.driver`` folder.
    profiles
        To judge it by.

    Raises
    ------
    NotABundleError
        When there is no bundle.
    """
    layout = read_layout(path)
    findings = list(layout.findings)
    findings += judge_attributes(layout, profiles)
    tables: PlugInTables | None = None
    executable: Executable | None = None
    identifier = ""
    plist = _read_info(layout, findings)
    if plist is not None:
        identifier = _text(plist.get("CFBundleIdentifier"))
        findings += _judge_keys(plist)
        tables, of_uuids = judge_uuids(plist, profiles)
        findings += of_uuids
        file = _find_executable(layout, plist, findings)
        if file is not None:
            functions = tables.functions if tables else {}
            around = Around(layout, functions, identifier, profiles)
            executable, of_code = judge_executable(file, around)
            findings += of_code
    once = tuple(dict.fromkeys(findings))
    return Inspection(
        path=layout.root,
        identifier=identifier,
        tables=tables,
        executable=executable,
        findings=once,
        verdicts=tuple(decide(profile, once) for profile in profiles),
        not_judged=tuple(_not_judged(executable, profiles)),
    )


def _read_info(layout: Layout, findings: list[Finding]) -> Dictionary | None:
    path = resolve_within(layout.root, INFO_PLIST)
    if path is None:
        if not os.path.lexists(layout.root / INFO_PLIST):
            sentence = "there is no Contents/Info.plist: a bundle is described by it"
            findings.append(in_all("info-plist-missing", sentence, Severity.REFUSED))
        else:
            sentence = "Contents/Info.plist is not in the bundle: copy it there"
            findings.append(in_all("info-plist-unreadable", sentence, Severity.REFUSED))
        return None
    try:
        return read_plist(path)
    except OSError as error:
        sentence = f"Info.plist cannot be read ({error.strerror}): inspect as a user who may"
        findings.append(in_all("not-readable", sentence, Severity.UNKNOWN))
    except MalformedError as error:
        sentence = f"Info.plist cannot be read: {shown(str(error))}; check it with plutil -lint"
        findings.append(in_all("info-plist-unreadable", sentence, Severity.REFUSED))
    return None


def _judge_keys(plist: Dictionary) -> Iterator[Finding]:
    if not _text(plist.get("CFBundleIdentifier")):
        yield in_all(
            "identifier-missing",
            "CFBundleIdentifier is absent or no text: storage and "
            "CFBundleGetBundleWithIdentifier() need it",
            Severity.WARNING,
        )
    kind = plist.get("CFBundlePackageType")
    if kind != "BNDL":
        yield in_all(
            "package-type",
            f"CFBundlePackageType is {shown(_brief(kind))}: write BNDL",
            Severity.WARNING,
        )
    for text in _texts(plist):
        if _PLACEHOLDER.search(text):
            yield in_all(
                "placeholder-left",
                f"Info.plist has {shown(text, 60)}, which the build system should have replaced",
                Severity.WARNING,
            )
    if plist.get("CFPlugInDynamicRegistration") in (True, 1, "YES", "true"):
        yield in_all(
            "dynamic-registration",
            "CFPlugInDynamicRegistration asks for a function to register the types: what it does "
            "is not in the files; write NO, and list the types",
            Severity.UNKNOWN,
        )
    if plist.get("Load As Application"):
        yield in_all(
            "load-as-application",
            "Load As Application makes it a program of its own, which is not judged here",
            Severity.UNKNOWN,
        )
    if "AudioServerPlugIn_LoadingConditions" in plist:
        yield in_all(
            "loading-conditions",
            "AudioServerPlugIn_LoadingConditions: it is loaded when a matching device is there",
            Severity.NOTE,
        )


def _find_executable(layout: Layout, plist: Dictionary, findings: list[Finding]) -> Path | None:
    name = plist.get("CFBundleExecutable")
    if not isinstance(name, str) or not name:
        findings.append(
            in_all(
                "executable-not-named",
                "CFBundleExecutable is absent or no text: add the name of the executable",
                Severity.REFUSED,
            )
        )
        return None
    if not is_plain_name(name):
        findings.append(
            in_all(
                "executable-elsewhere",
                f"CFBundleExecutable is {shown(name)}: a file name in Contents/MacOS is meant",
                Severity.REFUSED,
            )
        )
        return None
    path = resolve_within(layout.root, f"Contents/MacOS/{name}")
    if path is None or not path.is_file():
        findings.append(
            in_all(
                "executable-missing",
                f"Contents/MacOS has no file {shown(name)}: put the executable there",
                Severity.REFUSED,
            )
        )
        return None
    return path


def _not_judged(executable: Executable | None, profiles: list[Profile]) -> Iterator[str]:
    yield "which interface UUIDs the driver's QueryInterface answers: the code would have to run"
    for profile in profiles:
        wanted = profile.texts("activation.required-properties")
        if wanted:
            names = ", ".join(wanted)
            yield f"{profile.name}: whether its devices answer {names}, needed for activation"
    if executable is None:
        yield "the executable: there is none to look at"
    elif executable.format == "elf":
        yield (
            "architectures, deployment target and signature: an ELF file has none of the three; "
            "inspect the Mac build for them"
        )


def _texts(value: Any) -> Iterator[str]:
    """Every text of a property list; read_plist() has bounded how many there are."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _brief(value: Any) -> str:
    if value is None:
        return "absent"
    return value if isinstance(value, str) else f"a {type(value).__name__}"
