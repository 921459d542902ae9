"""The reference of the profiles, made from the data: docs/reference/profiles.md."""

from __future__ import annotations

from pathlib import Path

from lab.profiles.keys import GROUPS, KEYS
from lab.profiles.profile import Profile, Value
from lab.profiles.read import load_profiles, profile_names

REFERENCE = Path("docs") / "reference" / "profiles.md"

_HEAD = """\
# Profiles: what each macOS version does with audio drivers

Made by `python -m lab.profiles` from `sim/profiles/*.toml`; a test fails when it is stale. Change
the data, not this page.

A profile holds what differs between macOS versions, as data. Each value says who says so and how
sure that is. **Nothing here was measured on a Mac by this project.** What nobody says is *unknown*,
and whatever needs it says so: `hal-lab inspect` then answers *unknown* and not *accepted*.

- *sources*: sdk-header, apple-note, crash-report, public-issue, public-repository (what somebody
  measured or wrote down beside their code), seed-claim (a design document of a driver under test,
  checked by nobody else), inference (with what it is drawn from).
- *confidence*: **high**, **medium**, **low**, as written next to each value.
- A profile inherits what it does not say itself: `extends` in its file. In the tables an inherited
  value is set in parentheses.
- `seed-15` is a claim: what seed 001 says of macOS 15, against the headers. It is used only when
  somebody names it.

For other processes: `load_profile("macos-26").flat()` is plain data for JSON: `values` by
`group.key`, `sources` with who says so, and `unknown` with the reason for each key that has no
value. `coreaudiod-sim --profile` takes it as a JSON file.

A file looks like this; `unknown = "why"` takes the place of value, sources and confidence:

```toml
name = "macos-14.4"
title = "macOS 14.4 Sonoma"
kind = "macos"            # or "claim"
macos = "14.4"
extends = "macos-14.0"

[service.kickstart-refusal-code]
value = 1
sources = [
  { kind = "public-issue", where = "BackgroundMusic #727: exited with 1, on 14.4" },
]
confidence = "high"
note = "optional: who says otherwise"
```
"""


def reference(folder: Path | None = None) -> str:
    """The page as it should be.

    Parameters
    ----------
    folder
        Of the data files; None for the one that belongs to this package.

    Returns
    -------
    str
        Markdown, the same for the same data.
    """
    profiles = load_profiles(profile_names(folder), folder)
    parts = [_HEAD, _overview(profiles)]
    for group, title in GROUPS.items():
        parts.append(_group(group, title, profiles))
    return "\n".join(parts)


def _overview(profiles: list[Profile]) -> str:
    rows = ["## The profiles", "", "| profile | is | inherits from |", "|---|---|---|"]
    rows += [
        f"| `{one.name}` | {one.title} | {', '.join(f'`{name}`' for name in one.extends) or '-'} |"
        for one in profiles
    ]
    return "\n".join([*rows, ""])


def _group(group: str, title: str, profiles: list[Profile]) -> str:
    lines = [f"## `{group}`: {title[0].lower() if title[1].islower() else title[0]}{title[1:]}", ""]
    lines.append("| key | " + " | ".join(f"`{one.name}`" for one in profiles) + " |")
    lines.append("|---|" + "---|" * len(profiles))
    keys = [key for key in KEYS if key.startswith(f"{group}.")]
    for key in keys:
        cells = [_cell(one, one.values.get(key)) for one in profiles]
        lines.append(f"| `{key.partition('.')[2]}` | " + " | ".join(cells) + " |")
    lines.append("")
    for key in keys:
        lines += [f"**`{key}`**: {KEYS[key].meaning}. Takes {KEYS[key].takes}.", ""]
        lines += [_evidence(found) for found in _said(key, profiles)]
        lines.append("")
    return "\n".join(lines)


def _said(key: str, profiles: list[Profile]) -> list[Value]:
    """Each thing that some file says on a key, once."""
    found = [value for one in profiles if (value := one.values.get(key)) is not None]
    return list({(value.defined_in, value.key): value for value in found}.values())


def _cell(profile: Profile, value: Value | None) -> str:
    if value is None or value.value is None:
        text = "*unknown*"
    else:
        text = f"{_shown(value)} **{value.confidence}**"
    return text if value is not None and value.defined_in == profile.name else f"({text})"


def _shown(value: Value) -> str:
    found = value.value
    if isinstance(found, tuple):
        return "<br>".join(f"`{item}`" for item in found) or "none"
    if isinstance(found, bool):
        return "yes" if found else "no"
    return f"`{_escaped(str(found))}`"


def _evidence(value: Value) -> str:
    if value.value is None:
        text = f"unknown: {value.unknown}"
    else:
        text = "; ".join(f"*{kind}* {where}" for kind, where in value.sources)
    note = f" Note: {value.note}" if value.note else ""
    return f"- `{value.defined_in}`: {_escaped(text)}.{_escaped(note)}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
