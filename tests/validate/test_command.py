"""`hal-lab validate` and `hal-lab checks`, as a user calls them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lab import cli_app
from lab.commands import validate as validate_module  # noqa: F401  (nobody may not read it)
from lab.host.locate import find_driver
from lab.validate.jsonl import read_lines
from lab.validate.registry import all_checks
from tests.support.other_user import as_nobody

pytestmark = pytest.mark.native

PROGRAM = [sys.executable, "-m", "lab.cli"]
LINE_CHECKS = ["--include", "bundle-*"]


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, to its end."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


def copy_of(name: str, folder: Path) -> Path:
    """A bundle that may be spoilt."""
    return Path(shutil.copytree(find_driver(name), folder / f"{name}.driver", symlinks=True))


def test_a_good_driver_passes(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("lines", "junit.xml", "sarif.json")]
    done = run(
        *("validate", find_driver("Null"), "--strictness", "3", "--macos", "15"),
        *("--json", files[0], "--junit", files[1], "--sarif", files[2]),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout.splitlines()[-1]
    head, outcomes, summary = read_lines(files[0])
    assert (head.profile, head.strictness) == ("macos-15", 3)
    assert head.checks == tuple(outcome.check for outcome in outcomes) or set(head.checks) == {
        outcome.check for outcome in outcomes
    }
    assert summary is not None
    assert summary.exit_code == 0
    assert "<testsuites" in files[1].read_text()
    assert json.loads(files[2].read_text())["version"] == "2.1.0"


@pytest.mark.parametrize("name", ["GeckoAudioDevice", "BungholeAudio"])
def test_the_repositorys_drivers_pass_with_the_repositorys_file(name: str, tmp_path: Path) -> None:
    bundle = copy_of(name, tmp_path)
    shutil.copy(Path(__file__).parents[2] / "hal-lab.toml", tmp_path)
    done = run("validate", bundle, "--strictness", "5", "--patience", "10", "--only-failed")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout


def test_a_spoilt_bundle_does_not_pass_and_the_line_says_why(tmp_path: Path) -> None:
    bundle = copy_of("Loop", tmp_path)
    plist = bundle / "Contents" / "Info.plist"
    plist.write_text(plist.read_text().replace("443ABAB8", "443ABEB8"))
    done = run("validate", bundle, "--include", "bundle-type-uuids")
    assert done.returncode == 1
    assert "bundle-type-uuids" in done.stdout
    assert "443ABEB8" in done.stdout
    assert "not passed: 2 failed" in done.stdout


def test_a_driver_that_does_not_load_is_told_once(tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    done = run("validate", find_driver("Loop"), "--macos", "seed-15", "--json", lines)
    assert done.returncode == 1
    _, outcomes, summary = read_lines(lines)
    assert summary is not None
    first, *others = outcomes
    assert first.check == "bundle-loads"
    assert first.status == "failed"
    assert "seed-15" in first.evidence[0]
    skipped = [one for one in others if one.status == "skipped"]
    assert {one.evidence for one in skipped} == {("the driver does not load (bundle-loads)",)}
    assert all(one.check.startswith("bundle-") for one in others if one not in skipped)


def test_the_environment_and_the_file_are_heard(tmp_path: Path) -> None:
    bundle = copy_of("Loop", tmp_path)
    (tmp_path / "hal-lab.toml").write_text('[validate]\nmacos = "12"\ninclude = ["bundle-*"]\n')
    first = run("validate", bundle).stdout.splitlines()[0]
    assert "macos-12" in first
    second = run("validate", bundle, HAL_LAB_MACOS="13").stdout.splitlines()[0]
    assert "macos-13" in second
    third = run("validate", bundle, "--macos", "14.4", HAL_LAB_MACOS="13").stdout.splitlines()[0]
    assert "macos-14.4" in third


def _no_bundle(folder: Path) -> list[str | Path]:
    (folder / "X.driver").mkdir()
    return [folder / "X.driver"]


def _other_processor(folder: Path) -> list[str | Path]:
    bundle = copy_of("Loop", folder)
    binary = next((bundle / "Contents" / "MacOS").iterdir())
    data = bytearray(binary.read_bytes())
    data[18:20] = (243).to_bytes(2, "little")  # RISC-V
    binary.write_bytes(data)
    return [bundle]


def _other_system(folder: Path) -> list[str | Path]:
    bundle = copy_of("Loop", folder)
    binary = next((bundle / "Contents" / "MacOS").iterdir())
    binary.write_bytes(bytes.fromhex("cffaedfe0c000001") + bytes(24))
    return [bundle]


def _bad_file(folder: Path) -> list[str | Path]:
    (folder / "hal-lab.toml").write_text("[validate]\nstrictness = 12\n")
    return [copy_of("Loop", folder)]


def _nowhere_to_write(folder: Path) -> list[str | Path]:
    return [find_driver("Loop"), *LINE_CHECKS, "--json", folder / "no" / "lines"]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda folder: [folder / "none.driver"], "no bundle"),
        (_no_bundle, "no folder Contents"),
        (_other_processor, "built for"),
        (_other_system, "mach-o"),
        (_bad_file, "validate.strictness"),
        (_nowhere_to_write, "No such file"),
        (lambda _: [find_driver("Loop"), "--macos", "11"], "no profile of macOS 11"),
        (lambda _: [find_driver("Loop"), "--include", "no-such-check"], "no check has such a name"),
        (lambda _: [find_driver("Loop"), "--strictness", "0"], "strictness"),
        (lambda _: [], "Missing argument"),
    ],
)
def test_bad_input_is_one_line_and_no_verdict(tmp_path: Path, made: object, said: str) -> None:
    arguments = made(tmp_path)  # type: ignore[operator]
    done = run("validate", *arguments)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_without_permission_it_is_one_line_and_no_verdict() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        said = folder / "said"
        said.touch()
        said.chmod(0o666)
        bundle = copy_of("Loop", folder)
        bundle.chmod(0)

        def validate() -> int:
            with said.open("w") as file:
                os.dup2(file.fileno(), 2)
                sys.stderr = file
                return cli_app.run(["validate", str(bundle)])

        code = as_nobody(validate) if os.geteuid() == 0 else run("validate", bundle).returncode
        bundle.chmod(0o755)
        assert code == 2
        if os.geteuid() == 0:
            assert len(said.read_text().splitlines()) == 1
            assert "is not readable" in said.read_text()


def test_the_list_of_checks_is_for_people_and_for_programs() -> None:
    told = run("checks").stdout
    for check in all_checks():
        assert check.id in told
    parsed = json.loads(run("checks", "--json", "--strictness", "1").stdout)
    assert parsed
    assert {one["strictness"] for one in parsed} == {1}
    assert set(parsed[0]) == {"id", "family", "strictness", "need", "sentence", "source"}
