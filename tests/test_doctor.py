"""The doctor: what it finds, says and installs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.doctor import detect, install
from lab.doctor.__main__ import main
from lab.doctor.checkup import check_up, examine, summary, to_text
from lab.doctor.detect import Finding
from lab.doctor.needs import NEEDS, PURPOSES, Need, Weight

ROOT = Path(__file__).resolve().parents[1]


def need(name: str, found: bool, weight: Weight = Weight.REQUIRED, **more: object) -> Need:
    return Need(
        name,
        f"{name} is good for something",
        lambda: Finding(found, "there" if found else "not there"),
        weight=weight,
        debian=(f"{name}-dev",),
        brew=(f"{name}-brew",),
        **more,  # type: ignore[arg-type]
    )


def test_it_runs_on_a_bare_interpreter() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r});"
        "from lab.doctor.__main__ import main; sys.exit(main(['--json']))"
    )
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert {entry["id"] for entry in found} >= {"python", "c-compiler"}


def test_it_imports_nothing_but_the_standard_library() -> None:
    borrowed = ("confine", "dialling", "errors", "mark", "tiers", "uml_files")
    guest = [f"lab.guest.{name}" for name in borrowed]
    files = [ROOT / f"{name.replace('.', '/')}.py" for name in ["lab.errors", *guest]]
    files.append(ROOT / "lab" / "host" / "locate.py")
    own = ("lab.doctor", "lab.errors", "lab.host.locate", *guest)
    for path in sorted([*(ROOT / "lab" / "doctor").glob("*.py"), *files]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
                if node.module == "lab.guest":
                    names = [f"lab.guest.{alias.name}" for alias in node.names]
            for name in names:
                top = name.split(".")[0]
                assert top in sys.stdlib_module_names or name.startswith(own), path


def test_every_need_has_an_id_a_reason_and_a_way_to_get_it() -> None:
    ids = [entry.id for entry in NEEDS]
    assert len(set(ids)) == len(ids)
    for entry in NEEDS:
        assert entry.id == entry.id.lower().replace("_", "-").replace(" ", "-")
        assert entry.why
        assert set(entry.purposes) <= set(PURPOSES)
        assert entry.debian or entry.otherwise
        if "darwin" in entry.platforms:
            assert entry.brew or entry.otherwise or entry.weight is Weight.OPTIONAL


def test_what_is_required_and_missing_decides_the_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    good, bad = need("good", True), need("bad", False)
    optional = need("extra", False, Weight.OPTIONAL)
    assert examine(None, with_install=False, quiet=False, as_json=False, needs=[good]) == 0
    assert examine(None, with_install=False, quiet=True, as_json=False, needs=[optional]) == 0
    capsys.readouterr()
    assert examine(None, with_install=False, quiet=True, as_json=False, needs=[good, bad]) == 3
    said = capsys.readouterr().out
    assert "missing  bad" in said
    assert "bad is good for something" in said


def test_the_line_names_the_packages_that_are_missing_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("sys.platform", "linux")
    needs = [need("good", True), need("bad", False), need("extra", False, Weight.OPTIONAL)]
    text = to_text(check_up(None, needs), colour=False)
    assert "sudo apt-get install --yes --no-install-recommends bad-dev\n" in text
    assert text.endswith("--no-install-recommends extra-dev")
    monkeypatch.setattr("sys.platform", "darwin")
    assert "brew install bad-brew" in to_text(check_up(None, needs), colour=False)


def test_colour_is_only_there_when_asked_for() -> None:
    checks = check_up(None, [need("bad", False)])
    assert "\033[" in to_text(checks, colour=True)
    assert "\033[" not in to_text(checks, colour=False)


def test_a_need_of_another_session_or_system_is_not_looked_for() -> None:
    entry = need("x", False, purposes=("bench",), platforms=(sys.platform,))
    assert entry.applies("bench")
    assert entry.applies(None)
    assert not entry.applies("hal")
    assert not need("y", False, platforms=("plan9",)).applies(None)


def test_installing_installs_what_is_missing_and_looks_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed: list[str] = []
    monkeypatch.setattr(install, "may_install", lambda: True)

    def take(names: list[str]) -> bool:
        installed.extend(names)
        return True

    monkeypatch.setattr(install, "install", take)
    needs = [
        Need("bad", "x", lambda: Finding("bad-dev" in installed), debian=("bad-dev",), brew=("b",)),
        need("extra", False, Weight.OPTIONAL),
    ]
    assert examine("hal", with_install=True, quiet=False, as_json=False, needs=needs) == 0
    if sys.platform == "linux":
        assert installed == ["bad-dev"]
    assert "doctor: all that is required for hal is there; without extra" in capsys.readouterr().out


def test_a_package_that_cannot_be_had_does_not_keep_the_required_ones_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[list[str]] = []

    def refuse_some(names: list[str]) -> bool:
        tries.append(names)
        return "extra-dev" not in names

    monkeypatch.setattr(install, "may_install", lambda: True)
    monkeypatch.setattr(install, "install", refuse_some)
    monkeypatch.setattr("sys.platform", "linux")
    needs = [need("bad", False), need("extra", False, Weight.WANTED)]
    assert examine(None, with_install=True, quiet=True, as_json=True, needs=needs) == 3
    assert tries == [["bad-dev", "extra-dev"], ["bad-dev"]]


def test_without_permission_nothing_is_installed_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "may_install", lambda: False)
    monkeypatch.setattr(install, "install", lambda _: pytest.fail("installed all the same"))
    assert (
        examine(None, with_install=True, quiet=True, as_json=False, needs=[need("b", False)]) == 3
    )
    assert "cannot install anything as this user" in capsys.readouterr().err


def test_the_detectors_tell_there_from_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert detect.program("sh").ok
    assert not detect.program("no-such-program-of-ours").ok
    assert detect.python_modules("json").ok
    assert not detect.python_modules("no_such_module_of_ours").ok
    assert not detect.package("no-such-package-of-ours").ok
    assert detect.shared_library("c", "libc.so.6", "libSystem.dylib").ok
    assert not detect.shared_library("no-such-library-of-ours", "no-such-file.so").ok
    assert detect.version_in("cmake version 3.25.1") == (3, 25, 1)
    assert detect.version_in("none") == ()
    monkeypatch.setenv("CC", "no-such-compiler-of-ours")
    assert not detect.c_compiler().ok


def test_a_build_without_bunghole_is_one_row_that_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HAL_LAB_BIN", raising=False)
    monkeypatch.setenv("HAL_LAB_BUILD", str(tmp_path))
    (tmp_path / "BungholeAudio.why-not").write_text("libopus: no cargo\n", encoding="utf-8")
    row = next(entry for entry in NEEDS if entry.id == "bunghole")
    text = to_text(check_up(None, [row]), colour=False)
    assert text.count("Bunghole") == 1
    assert "absent   bunghole  BungholeAudio is not built: libopus: no cargo\n" in text
    (tmp_path / "BungholeAudio.driver").mkdir()
    assert row.detect() == Finding(True, str(tmp_path / "BungholeAudio.driver"))


def test_a_program_that_is_broken_is_no_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "cc"
    fake.write_text("#!/bin/sh\necho 'cannot find stdio.h' >&2\nexit 1\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("CC", str(fake))
    found = detect.c_compiler()
    assert not found.ok
    assert "cannot find stdio.h" in found.detail


def test_cc_may_be_a_command_with_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = tmp_path / "launcher"
    launcher.write_text('#!/bin/sh\nexec "$@"\n', encoding="utf-8")
    launcher.chmod(0o755)
    fake = tmp_path / "fakecc"
    script = '#!/bin/sh\n[ "$1" = -m64 ] || exit 1\necho "fakecc 1.2.3"\n'
    fake.write_text(script, encoding="utf-8")
    fake.chmod(0o755)
    for chosen in (f"{fake} -m64", f"{launcher} {fake} -m64"):
        monkeypatch.setenv("CC", chosen)
        assert detect.c_compiler() == Finding(True, "fakecc 1.2.3")
    monkeypatch.setenv("CC", f"{launcher} {fake} -m32")
    assert not detect.c_compiler().ok


def test_a_cc_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-cc-of-ours -O2")
    assert "no-such-cc-of-ours" in detect.c_compiler().detail
    monkeypatch.setenv("CC", "gcc 'unclosed")
    assert not detect.c_compiler().ok


def test_a_cmake_that_is_too_old_counts_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "cmake"
    fake.write_text("#!/bin/sh\necho 'cmake version 3.18.4'\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert not detect.cmake().ok


def test_the_summary_says_what_is_skipped() -> None:
    assert (
        summary(check_up(None, [need("a", True)]), None) == "doctor: all that is required is there"
    )


def test_a_wrong_session_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--for", "nothing"])
    assert caught.value.code == 2
    assert "invalid choice" in capsys.readouterr().err
