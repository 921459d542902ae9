"""``hal-lab inspect``: exit status, text, JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.cli import main
from lab.profiles import profile_names
from tests.support.driver_bundle import write_bundle
from tests.support.flawed_bundles import FLAWS


def test_a_good_bundle_is_0_and_every_macos_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(write_bundle(tmp_path / "Good.driver"))]) == 0
    out = capsys.readouterr().out
    for name in profile_names():
        shown = any(line.split() == [name, "accepted"] for line in out.splitlines())
        assert shown == name.startswith("macos-")
    assert "cdhash" in out
    assert "not judged: macos-26: whether its devices answer hidn" in out


@pytest.mark.parametrize("flaw", ["type-uuid-not-accepted", "bundle-unsealed"])
def test_what_is_not_accepted_by_all_is_1_and_says_why(
    flaw: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = str(FLAWS[flaw](tmp_path))
    assert main(["inspect", bundle]) == 1
    assert f" {flaw} [macos-12, " in capsys.readouterr().out


def test_only_profiles_that_were_asked_for_count(tmp_path: Path) -> None:
    bundle = str(FLAWS["type-uuid-not-accepted"](tmp_path))
    assert main(["inspect", "--profile", "seed-15", bundle]) == 0
    assert main(["inspect", "--profile", "seed-15", "--profile", "macos-15", bundle]) == 1


def test_a_profile_that_is_not_there_is_one_line_with_those_that_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = str(write_bundle(tmp_path / "Good.driver"))
    assert main(["inspect", "--profile", "macos-99", bundle]) == 1
    said = capsys.readouterr().err
    assert 'no profile "macos-99"; take one of: macos-12, ' in said
    assert len(said.splitlines()) == 1


def test_json_holds_what_the_text_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = write_bundle(tmp_path / "Good.driver")
    assert main(["inspect", "--json", "--profile", "macos-26", str(bundle)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["format"] == 1
    assert found["accepted"] is True
    assert found["path"] == json.dumps(str(bundle.resolve()))[1:-1]
    assert found["verdicts"] == [{"profile": "macos-26", "outcome": "accepted", "reasons": []}]
    (note,) = found["findings"]
    assert (note["id"], note["severity"], note["profile"]) == (
        "signature-ad-hoc",
        "note",
        "macos-26",
    )
    code = found["executable"]["code"]
    assert [one["architecture"] for one in code] == ["arm64", "x86_64"]
    assert code[0]["signature"]["pages-verified"] is True
    assert code[0]["signature"]["sealed"] is True
    assert code[0]["minimum-macos"] == "11.0.0"
    assert len(code[0]["signature"]["cdhash"]) == 40
    assert code[0]["exported-factories"] == ["Good_Create"]


def test_profiles_of_one_s_own_are_held_to_the_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "macos-1.toml").write_text(
        'name = "macos-1"\ntitle = "One"\nkind = "macos"\nmacos = "1"\n[service.nonsense]\n'
    )
    monkeypatch.setenv("HAL_LAB_PROFILES", str(tmp_path))
    assert main(["inspect", str(write_bundle(tmp_path / "Good.driver"))]) == 1
    assert "macos-1.toml:5" in capsys.readouterr().err


def test_the_command_imports_no_numpy_and_a_wrong_one_is_still_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = write_bundle(tmp_path / "Good.driver")
    code = (
        "import sys\nfrom lab.cli import main\nassert main(sys.argv[1:]) == 0\n"
        "assert 'numpy' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "inspect", "--json", str(bundle)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert main(["inspekt", str(bundle)]) == 2
    assert "inspekt" in capsys.readouterr().err
