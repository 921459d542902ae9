"""What tests of faults share: the command, called in this process."""

from __future__ import annotations

import pytest

from lab.cli import main
from tests.support.faults import Run


@pytest.fixture
def hal_lab(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call ``hal-lab`` with arguments; returns its exit status, stdout and stderr."""
    # Another worker's tests may be about leftovers.
    monkeypatch.setattr("lab.commands.soak.sweep_leftovers", list)
    monkeypatch.setattr("lab.commands.replay.sweep_leftovers", list)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(list(arguments))
        said = capsys.readouterr()
        return status, said.out, said.err

    return run
