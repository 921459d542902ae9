"""Make the reference of the record of a run from its model: python docs/make_results.py.

Writes docs/reference/results.md and docs/reference/result.schema.json. Names, types and defaults
are pydantic's, what they mean stands in the docstrings of lab/results/records.py.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from lab.results.records import (  # noqa: E402
    SCHEMA_VERSION,
    DriverIdentity,
    Glitch,
    Histogram,
    HostFitness,
    Measurement,
    Result,
    Verdict,
)

PAGE = Path("docs") / "reference" / "results.md"
SCHEMA = Path("docs") / "reference" / "result.schema.json"
RECORDS: tuple[type[BaseModel], ...] = (
    Result,
    DriverIdentity,
    HostFitness,
    Measurement,
    Glitch,
    Histogram,
)
UNITS = {
    "_ns": "ns",
    "_us": "µs",
    "_s": "s",
    "_percent": "%",
    "_frame": "frames",
    "frames": "frames",
}
"""By the end of a field's name."""

HEAD = f"""\
# Results: the record of a run

Made by `python docs/make_results.py` from `lab/results/records.py`; a test fails when it is stale.
Change the docstrings, not this page.

One run is one record, and everything else (table, page, JUnit, Markdown, history) is a view of it.
This is version {SCHEMA_VERSION}, as JSON; [result.schema.json](result.schema.json) is the same for
programs (JSON Schema 2020-12).

| where | how many |
|---|---|
| `result.json` of `hal-lab play --into` | one |
| `--hal-results FILE` of pytest | a list |
| `results.jsonl` of a night | one a line |
| the [history](history.md) | the same fields as columns |

A reader brings records of version 1 up, and refuses those of a newer version and fields that it
does not know: `lab.results.load_result`. There is no NaN and no infinity, JSON has none.
"""

EXAMPLE = Result(
    scenario="play",
    parameters={"signal": "tune"},
    driver=DriverIdentity(
        path="build/MyDriver.driver",
        sha256=hashlib.sha256(b"an example").hexdigest(),
        bundle_id="org.example.my",
    ),
    clock="virtual",
    command="hal-lab play tune.flac --driver build/MyDriver.driver --clock virtual",
    started_at="2026-01-31T02:00:00+00:00",
    duration_s=0.4,
    audio_s=20.0,
    measurements=[
        Measurement(name="frames-sent", value=960_000, unit="frames"),
        Measurement(name="frames-lost", value=1, unit="frames", limit=0),
    ],
    glitches=[Glitch(kind="lost", position_frame=8_191, frames=1, cause="driver", cycle=17)],
    glitch_count=1,
    verdict=Verdict.FAIL,
    reason="frames-lost 1 frames, limit <= 0 frames",
)


def page() -> str:
    """The page as it should be: Markdown, the same for the same models."""
    sections = [HEAD, _outcomes()]
    sections += [_section(record) for record in RECORDS]
    sections += [_computed(), _example()]
    return "\n".join(sections)


def schema() -> str:
    """JSON Schema of a result, with the docstrings as descriptions."""
    made = Result.model_json_schema()
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
    for record in RECORDS:
        told = made if record is Result else made["$defs"][record.__name__]
        head, meanings = documented(record)
        told["description"] = _text(head)
        for name, field in told["properties"].items():
            field["description"] = _text(meanings[name])
    made["$defs"]["Verdict"]["description"] = documented(Verdict)[0]
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def documented(of: type) -> tuple[str, dict[str, str]]:
    """First line of a class's docstring, and what its numpy section says of each attribute.

    Raises
    ------
    ValueError
        When the class has none.
    """
    doc = inspect.cleandoc(of.__doc__ or "")
    head, found, section = doc.partition("\n\n")[0], "", ""
    if "\nAttributes\n----------\n" in doc:
        section = doc.split("\nAttributes\n----------\n")[1]
    meanings: dict[str, str] = {}
    for line in section.splitlines():
        if line and not line.startswith(" "):
            found = line
            meanings |= {name.strip(): "" for name in found.split(",")}
        elif line:
            for name in found.split(","):
                meanings[name.strip()] = f"{meanings[name.strip()]} {line.strip()}".strip()
    if not meanings:
        raise ValueError(f"{of.__name__}: no attributes are documented")
    return " ".join(head.split()), meanings


def _outcomes() -> str:
    _, meanings = documented(Verdict)
    rows = [f"| `{verdict.value}` | {_cell(meanings[verdict.name])} |" for verdict in Verdict]
    return "\n".join(["## Outcomes", "", "| `verdict` | |", "|---|---|", *rows, ""])


def _section(record: type[BaseModel]) -> str:
    head, meanings = documented(record)
    rows = ["| field | type | unit | default | |", "|---|---|---|---|---|"]
    properties = record.model_json_schema()["properties"]
    required = set(record.model_json_schema().get("required", []))
    for name, told in properties.items():
        default = "has to be there" if name in required else _default(told)
        cells = [f"`{name}`", _type(told), _unit(name, told), default, _cell(meanings[name])]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join([f"## {record.__name__}", "", _text(head), "", *rows, ""])


def _type(told: dict[str, Any]) -> str:
    """Of a property of a JSON Schema, in words."""
    if "const" in told:
        return f"`{json.dumps(told['const'])}`"
    if "enum" in told:
        return ", ".join(f"`{json.dumps(value)}`" for value in told["enum"])
    if "$ref" in told:
        name = told["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{'outcomes' if name == 'Verdict' else name.lower()})"
    if "anyOf" in told:
        return " or ".join(_type(one) for one in told["anyOf"])
    if told["type"] == "array":
        return f"list of {_type(told['items'])}"
    if told["type"] == "object":
        return f"object of {_type(told['additionalProperties'])}"
    return str(told["type"])


def _unit(name: str, told: dict[str, Any]) -> str:
    if told.get("type") not in ("integer", "number"):
        return ""
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "")


def _default(told: dict[str, Any]) -> str:
    if "default" in told:
        return f"`{json.dumps(told['default'])}`"
    return {"array": "`[]`", "object": "`{}`"}.get(told.get("type", ""), "now")


def _computed() -> str:
    rows = []
    for name in ("key", "id"):
        doc = inspect.cleandoc(inspect.getdoc(getattr(Result, name)) or "")
        rows.append(f"| `{name}` | {_cell(doc)} |")
    note = "Not in the file, but in Python (`lab.results.Result`), and columns of the history:"
    return "\n".join(["## What follows from it", "", note, "", "| | |", "|---|---|", *rows, ""])


def _example() -> str:
    text = EXAMPLE.model_dump_json(indent=2, exclude_defaults=True)
    note = "What has its default may be left out, and is here. In files it is written."
    return f"## Example\n\n{note}\n\n```json\n{text}\n```\n"


def _text(words: str) -> str:
    """Docstrings say ``x`` and None; Markdown has `x`, and JSON null."""
    return re.sub(r"\bNone\b", "null", re.sub(r"``(.+?)``", r"`\1`", words))


def _cell(words: str) -> str:
    return _text(" ".join(words.split())).replace("|", "\\|")


def main() -> None:
    """Write the page and the schema."""
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
    (ROOT / SCHEMA).write_text(schema(), encoding="utf-8")
    print(f"wrote {PAGE} and {SCHEMA}", file=sys.stderr)


if __name__ == "__main__":
    main()
