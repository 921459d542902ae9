"""A file is there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.whole_file import whole_file, write_whole


def test_whoever_looks_sees_the_older_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("older")
    with whole_file(path) as beside:
        beside.write_text("half")
        assert path.read_text() == "older"
        beside.write_text("whole")
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_on_the_way_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("older")

    def write_half() -> None:
        with whole_file(path) as beside:
            beside.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_two_who_write_the_same_file_do_not_meet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page.html"
    with whole_file(path) as first:
        first.write_text("first")
        monkeypatch.setattr("os.getpid", lambda: 1)
        with whole_file(path) as second:
            second.write_text("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"


def test_a_folder_that_is_not_there_is_one_line_that_says_what_and_where(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"^the map cannot be written \(No such file.*none/m.svg"):
        write_whole(tmp_path / "none" / "m.svg", "", what="the map")


def test_a_folder_in_the_way_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "page.html" / "within").mkdir(parents=True)
    with pytest.raises(LabError, match="cannot be written"):
        write_whole(tmp_path / "page.html", "text")
    assert (tmp_path / "page.html" / "within").is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
