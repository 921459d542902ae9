"""No name out of a bundle does anything, and nothing is written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.bundle.inspect import inspect_bundle
from lab.bundle.layout import NotABundleError, is_plain_name
from lab.bundle.report import as_json, grouped, lines_of
from lab.cli import main
from lab.profiles import load_profiles
from tests.support.driver_bundle import FACTORY, TYPE, write_bundle
from tests.support.macho_writer import Thin

NASTY = [
    "a b",
    'a"b',
    "a'b",
    "a`touch x`b",
    "$(touch x)",
    "; touch x #",
    "a\nb",
    "a\rb",
    "\x1b[2J",
    "\x1b]0;title\x07",
    "[red]a[/red]",
    "[link=file:///etc]a",
    "..",
    "...",
    "-rf",
    "--json",
    "%s%n",
    "\u202ecod",
    "\udcff\udcfe",
    "a" * 200,
    "~",
    "*",
]
names = (
    st.sampled_from(NASTY)
    | st.text(
        st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]),
        min_size=1,
        max_size=40,
    )
).filter(lambda name: is_plain_name(name) and len(os.fsencode(name)) < 240)

Tree = dict[str, tuple[int, int, bytes | str]]


def tree(root: Path) -> Tree:
    """Everything below a folder: mode, time of change, content."""
    found: Tree = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)  # noqa: PTH118
            status = os.lstat(path)
            content: bytes | str = b""
            if os.path.islink(path):  # noqa: PTH114
                content = os.readlink(path)  # noqa: PTH115
            elif os.path.isfile(path):  # noqa: PTH113
                with open(path, "rb") as file:  # noqa: PTH123
                    content = file.read()
            found[path] = (status.st_mode, status.st_mtime_ns, content)
    return found


def assert_harmless(text: str) -> None:
    """Lines of printable characters: no escape sequence, no direction mark."""
    for line in text.splitlines():
        assert line.isprintable(), repr(line)


def look(bundle: Path, capfd: pytest.CaptureFixture[str]) -> str:
    """Inspect it by hand and by command; what was printed."""
    inspection = inspect_bundle(bundle, load_profiles(["macos-26"], check=False))
    assert_harmless("\n".join(lines_of(inspection)))
    for finding, _ in grouped(inspection.findings):
        assert finding.sentence.isprintable()
    json.loads(as_json(inspection))
    capfd.readouterr()
    assert main(["inspect", "--profile", "macos-26", "--", str(bundle)]) in {0, 1}
    assert main(["inspect", "--json", "--profile", "macos-26", "--", str(bundle)]) in {0, 1}
    said = capfd.readouterr()
    assert said.err == ""
    return said.out


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names)
def test_the_name_of_a_bundle_does_nothing(
    name: str, tmp_path_factory: pytest.TempPathFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    try:
        bundle = write_bundle(folder / f"{name}.driver")
    except OSError:
        return  # a name that this file system does not have
    before = tree(folder)
    assert_harmless(look(bundle, capfd))
    assert tree(folder) == before


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=names | st.sampled_from(["../../x", "/etc/passwd", "a/b", "", ".", "a\0b"]),
    place=st.sampled_from(["executable", "identifier", "factory", "type", "function"]),
)
def test_text_of_info_plist_does_nothing(
    text: str,
    place: str,
    tmp_path_factory: pytest.TempPathFactory,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def edit(plist: dict[str, Any]) -> None:
        edits: dict[str, dict[str, Any]] = {
            "executable": {"CFBundleExecutable": text},
            "identifier": {"CFBundleIdentifier": text},
            "factory": {"CFPlugInTypes": {TYPE: [text]}},
            "type": {"CFPlugInTypes": {text: [FACTORY]}},
            "function": {"CFPlugInFactories": {FACTORY: text}},
        }
        plist.update(edits[place])

    folder = tmp_path_factory.mktemp("texts")
    try:
        bundle = write_bundle(folder / "Good.driver", edit=edit)
    except (ValueError, UnicodeError):
        return  # a property list cannot hold it
    before = tree(folder)
    assert_harmless(look(bundle, capfd))
    assert tree(folder) == before


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=names)
def test_names_in_the_executable_do_nothing(
    text: str, tmp_path_factory: pytest.TempPathFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    one = Thin(libraries=(f"@rpath/{text}",), signed=text.encode("ascii", "replace").decode())
    bundle = write_bundle(tmp_path_factory.mktemp("code") / "Good.driver", slices=(one,))
    assert_harmless(look(bundle, capfd))


@pytest.mark.parametrize("name", ["../../../secret", "../Resources/Note.txt", "/etc/passwd", ".."])
def test_an_executable_elsewhere_is_not_looked_at(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    bundle = write_bundle(
        tmp_path / "Bad.driver", edit=lambda plist: plist.update(CFBundleExecutable=name)
    )
    inspection = inspect_bundle(bundle, load_profiles(["macos-26"]))
    assert inspection.executable is None
    assert [one.id for one in inspection.findings] == ["executable-elsewhere"]


@pytest.mark.parametrize("part", ["Contents/Info.plist", "Contents/MacOS/Good", "Contents/MacOS"])
def test_a_link_out_of_the_bundle_is_not_followed(part: str, tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "Bad.driver")
    (bundle / part).rename(tmp_path / "moved")
    (bundle / part).symlink_to(tmp_path / "moved")
    inspection = inspect_bundle(bundle, load_profiles(["macos-26"]))
    assert "symlink-leaves-bundle" in {one.id for one in inspection.findings}
    assert inspection.executable is None


def test_a_link_within_the_bundle_is_followed(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "Good.driver")
    target = bundle / "Contents" / "MacOS" / "Good"
    target.rename(target.with_name("Real"))
    target.symlink_to("Real")
    inspection = inspect_bundle(bundle, load_profiles(["macos-26"]))
    assert inspection.accepted


def test_a_link_to_itself_is_no_trouble(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "Bad.driver")
    (bundle / "Contents" / "loop").symlink_to("loop")
    (bundle / "Contents" / "up").symlink_to("../Contents")
    inspection = inspect_bundle(bundle, load_profiles(["macos-26"]))
    assert "symlink-leaves-bundle" in {one.id for one in inspection.findings}


def test_an_executable_that_is_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "Bad.driver")
    target = bundle / "Contents" / "MacOS" / "Good"
    target.unlink()
    os.mkfifo(target)
    inspection = inspect_bundle(bundle, load_profiles(["macos-26"]))
    assert {"special-file", "executable-missing"} <= {one.id for one in inspection.findings}


@pytest.mark.parametrize("name", ["nothing", "file", "empty", "odd", "nul\0", "loop", "x" * 5000])
def test_what_is_no_bundle_is_said_in_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "Contents").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(NotABundleError):
        inspect_bundle(tmp_path / name, [])
    if "\0" not in name:
        assert main(["inspect", str(tmp_path / name)]) == 2
        said = capsys.readouterr()
        assert len(said.err.splitlines()) == 1
        assert "no bundle" in said.err
        assert said.out == ""
