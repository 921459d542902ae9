"""``hal-lab ledger``: its exit status, its lines, its JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from lab.commands.ledger import within_driver
from lab.errors import MissingError
from lab.host.locate import find_daemon, find_driver
from lab.host.models import LedgerReport
from tests.support.build import need_owned_threads


def ledger(*arguments: str, fault: str = "none") -> subprocess.CompletedProcess[str]:
    try:
        find_daemon()
        find_driver("Loop")
    except MissingError as error:
        pytest.skip(str(error))
    need_owned_threads()  # the ledger comes with it
    return subprocess.run(
        [
            *(sys.executable, "-m", "lab.cli", "ledger", "--driver", "Loop", "--seconds", "0.2"),
            *arguments,
        ],
        env=os.environ | {"LOOP_FAULT": fault, "COLUMNS": "80"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_a_driver_within_its_budget_is_told_so() -> None:
    ended = ledger("--budget", "strict")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.rstrip().endswith('verdict: within the budget "strict"')
    assert "DoIOOperation 'rite'" in ended.stdout
    assert all(len(line) <= 80 for line in ended.stdout.splitlines())


def test_what_goes_beyond_it_is_named_with_its_place() -> None:
    ended = ledger(fault="io-allocates")
    assert ended.returncode == 1
    assert "DoIOOperation 'rite': 1 x allocation in one call, 0 allowed" in ended.stdout
    (place,) = {line.split("+0x")[0] for line in ended.stdout.splitlines() if "by malloc" in line}
    assert place == "  allocation of 64 bytes by malloc in Loop.driver"
    assert 'verdict: 4 beyond the budget "realtime"' in ended.stdout


def test_a_program_gets_json() -> None:
    ended = ledger("--json", fault="io-locks")
    assert ended.returncode == 0  # the realtime budget lets a lock pass that is free
    report = LedgerReport.model_validate(json.loads(ended.stdout))
    written = [row for row in report.rows if row.operation == "rite"]
    assert {row.kinds["lock"].worst for row in written if row.entry_point[0] == "D"} == {1}


def test_an_unknown_budget_is_one_line() -> None:
    ended = ledger("--budget", "relaxed")
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "no such budget" in ended.stderr


def test_evidence_is_cut_behind_the_driver() -> None:
    inside = "lock by f in X.driver!a+0x1 <- libstdc++.so+0x9 <- X.driver!b+0x2"
    assert within_driver(f"{inside} <- libhalsim.so.0+0x3 <- x") == inside
    assert within_driver("page fault") == "page fault"
