"""Where things are looked for, and what is said when they are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import MissingError
from lab.host import locate


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HAL_LAB_BIN", "HAL_LAB_BUILD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(locate, "_PACKAGE", tmp_path / "site" / "lab")
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path / "scripts"))
    monkeypatch.setattr("sys.executable", str(tmp_path / "venv" / "python"))


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_program_is_found_by_each_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = program(tmp_path / "scripts" / "coreaudiod-sim")
    assert locate.find_daemon() == scripts
    built = program(tmp_path / "build" / "sim" / "daemon" / "coreaudiod-sim")
    monkeypatch.setenv("HAL_LAB_BUILD", str(tmp_path / "build"))
    assert locate.find_daemon() == built
    named = program(tmp_path / "own" / "coreaudiod-sim")
    for value in (named, named.parent):
        monkeypatch.setenv("HAL_LAB_BIN", str(value))
        assert locate.find_daemon() == named


def test_the_build_of_the_source_tree_is_found(tmp_path: Path) -> None:
    built = program(tmp_path / "site" / "build" / "dev" / "sim" / "coreaudiod-sim")
    with pytest.raises(MissingError):
        locate.find_daemon()
    (tmp_path / "site" / "CMakePresets.json").touch()
    assert locate.find_daemon() == built


def test_what_is_not_built_says_what_to_run() -> None:
    with pytest.raises(MissingError, match="cmake --preset dev"):
        locate.find_daemon()
    with pytest.raises(MissingError, match="libhallab_native"):
        locate.find_native_library()
    with pytest.raises(MissingError, match='no driver "GeckoAudioDevice" is built'):
        locate.find_driver()


@pytest.mark.parametrize("variable", ["HAL_LAB_BIN", "HAL_LAB_BUILD"])
def test_a_variable_that_leads_nowhere_is_an_error_not_a_fallback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    program(tmp_path / "scripts" / "coreaudiod-sim")
    monkeypatch.setenv(variable, str(tmp_path / "nowhere"))
    with pytest.raises(MissingError, match=variable):
        locate.find_daemon()


def test_a_driver_is_found_by_path_and_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "build" / "driver" / "GeckoAudioDevice.driver"
    (bundle / "Contents").mkdir(parents=True)
    monkeypatch.setenv("HAL_LAB_BUILD", str(tmp_path / "build"))
    assert locate.find_driver() == bundle
    assert locate.find_driver("geckoaudiodevice.driver") == bundle
    assert locate.find_driver(str(bundle)) == bundle
    with pytest.raises(MissingError, match="take one of: GeckoAudioDevice"):
        locate.find_driver("Nothing")
    with pytest.raises(MissingError, match="no such driver bundle"):
        locate.find_driver("/no/such.driver")


def test_the_beginning_of_a_name_will_do_when_it_is_of_one_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = tmp_path / "build"
    for name in ("BungholeAudio", "Loop", "Lapse"):
        (build / f"{name}.driver").mkdir(parents=True)
    monkeypatch.setenv("HAL_LAB_BUILD", str(build))
    assert locate.find_driver("Bunghole") == build / "BungholeAudio.driver"
    assert locate.find_driver("loop") == build / "Loop.driver"
    with pytest.raises(MissingError, match="take one of: BungholeAudio, Lapse, Loop"):
        locate.find_driver("L")


def test_a_driver_that_the_build_left_out_is_missing_for_the_build_s_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "build" / "driver" / "BungholeAudio.why-not"
    (tmp_path / "build" / "GeckoAudioDevice.driver").mkdir(parents=True)
    note.parent.mkdir()
    note.write_text("libopus: there is\nno cargo\n", encoding="utf-8")
    monkeypatch.setenv("HAL_LAB_BUILD", str(tmp_path / "build"))
    for name in ("Bunghole", "BungholeAudio.driver"):
        with pytest.raises(MissingError) as caught:
            locate.find_driver(name)
        assert str(caught.value) == "BungholeAudio is not built: libopus: there is no cargo"
    # Another driver is another matter, and one that is there is there.
    with pytest.raises(MissingError, match="take one of: GeckoAudioDevice"):
        locate.find_driver("Nothing")
    (tmp_path / "build" / "BungholeAudio.driver").mkdir()
    assert locate.find_driver("Bunghole").name == "BungholeAudio.driver"
