"""pytest where AF_VSOCK is real."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.guest import pytest_run
from lab.guest.mark import Mark
from lab.guest.tiers import Tier, TierFinding
from lab.needs_of_marks import reason_to_skip

PASSES = """
import socket
from lab.guest.dialling import dial

def test_a_vsock_connects(request):
    with socket.socket(socket.AF_VSOCK) as listener:
        listener.bind((socket.VMADDR_CID_ANY, 7000))
        listener.listen()
        with dial(1, 7000) as near, listener.accept()[0] as far:
            near.sendall(b"x")
            assert far.recv(1) == b"x"
    assert request.config.getoption("--hal-vsock") == "real"
"""


def suite(folder: Path, text: str) -> Path:
    made = folder / "test_made.py"
    made.write_text(text, encoding="utf-8")
    return made


def nowhere(tier: Tier) -> TierFinding:
    return TierFinding(tier, "not on this machine")


def test_in_a_guest_no_guest_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    reason_to_skip.cache_clear()
    monkeypatch.setattr("lab.guest.mark.read_mark", lambda: Mark("ab" * 16, (1,)))
    assert reason_to_skip("guest") == "this is a guest, and guests start none"
    reason_to_skip.cache_clear()


@pytest.mark.guest
def test_what_passes_in_a_guest_passes_here_and_its_results_come_out(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Below the checkout: the guest sees it, and /tmp is its own.
    folder = Path.cwd() / "reports" / "test-of-pytest-run"
    folder.mkdir(parents=True, exist_ok=True)
    made = suite(folder, PASSES)
    results = folder / "new" / "results.json"
    monkeypatch.setenv("COLUMNS", "100")
    try:
        arguments = ["--tier", "b", "--results", str(results), "--limit-s", "100", "--", "-q"]
        assert pytest_run.main([*arguments, str(made)]) == 0
        assert json.loads(results.read_text(encoding="utf-8")) == []
        assert "1 passed" in capfd.readouterr().out
        made.write_text("def test_no():\n    raise AssertionError\n", encoding="utf-8")
        assert pytest_run.main([*arguments, str(made)]) == 1
        assert "1 failed" in capfd.readouterr().out
    finally:
        made.unlink()
        results.unlink(missing_ok=True)
        results.parent.rmdir()
        folder.rmdir()


def test_without_a_real_vsock_it_ends_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pytest_run, "find_tier", nowhere)
    assert pytest_run.main(["--", "tests"]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "no real vsock" in said
    assert "tier a: not on this machine; tier b: not on this machine" in said


@pytest.mark.parametrize(("wanted", "tier"), [("a", Tier.LOOPBACK), ("b", Tier.GUEST_LOOPBACK)])
def test_a_tier_that_is_named_is_the_only_one_tried(
    monkeypatch: pytest.MonkeyPatch, wanted: str, tier: Tier
) -> None:
    asked: list[Tier] = []

    def here(one: Tier) -> TierFinding:
        asked.append(one)
        return TierFinding(one, "")

    monkeypatch.setattr(pytest_run, "find_tier", here)
    assert pytest_run._tier(wanted) is tier
    assert asked == [tier]
