"""SARIF 2.1.0, as code scanning reads it: each check a rule, each that was not met a result."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lab import __version__
from lab.validate.check import Check, Need
from lab.validate.outcome import Head, Outcome, Status

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {
    Status.FAILED: "error",
    Status.CRASHED: "error",
    Status.TIMEOUT: "error",
    Status.WARNING: "warning",
}


def as_sarif(head: Head, outcomes: Sequence[Outcome], checks: Sequence[type[Check]]) -> bytes:
    """Make the file; parameters as for `lab.validate.junit.as_junit`."""
    results = [_result(head, one, checks) for one in outcomes if one.status in _LEVELS]
    errors = [one for one in outcomes if one.status is Status.ERROR]
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "hal-lab validate",
                "version": __version__,
                "rules": [_rule(check) for check in checks],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not errors,
                "toolExecutionNotifications": [
                    {
                        "level": "error",
                        "message": {"text": "; ".join(one.evidence) or one.check},
                        "associatedRule": {"id": one.check},
                    }
                    for one in errors
                ],
            }
        ],
        "results": results,
        "properties": {
            "profile": head.profile,
            "strictness": head.strictness,
            "seed": str(head.seed),
            "sha256": head.sha256,
        },
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1).encode()


def _rule(check: type[Check]) -> dict[str, Any]:
    return {
        "id": check.id,
        "shortDescription": {"text": check.sentence()},
        "help": {"text": f"Source: {check.source}"},
        "defaultConfiguration": {"level": "error" if check.need is Need.REQUIRED else "warning"},
        "properties": {
            "family": check.family,
            "strictness": check.strictness,
            "need": check.need.value,
            "tags": [check.family, check.need.value],
        },
    }


def _result(head: Head, outcome: Outcome, checks: Sequence[type[Check]]) -> dict[str, Any]:
    index = next(i for i, check in enumerate(checks) if check.id == outcome.check)
    lines = [*outcome.evidence]
    if outcome.ending is not None:
        lines += outcome.ending.backtrace
    return {
        "ruleId": outcome.check,
        "ruleIndex": index,
        "level": _LEVELS[outcome.status],
        "message": {"text": "\n".join(lines) or checks[index].sentence()},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": quote(Path(head.bundle).as_posix())}}}
        ],
        "partialFingerprints": {"check/v1": f"{head.profile}/{outcome.check}"},
        "properties": {"status": outcome.status.value},
    }
