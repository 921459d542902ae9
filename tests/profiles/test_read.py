"""Wrong profiles are refused in one line that names file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.profiles import ProfileError, load_profile, load_profiles
from lab.profiles.lines import line_of, lines_of_keys

HEAD = 'name = "{name}"\ntitle = "T"\nkind = "macos"\nmacos = "13.1"\n'
VALUE = '[service.label]\nvalue = "x"\nconfidence = "low"\n'
SOURCES = 'sources = [{ kind = "inference", where = "x" }]\nconfidence = "low"\n'


def write(folder: Path, name: str, body: str = "", *, extends: str = "") -> Path:
    head = HEAD.format(name=name) + (f'extends = "{extends}"\n' if extends else "")
    path = folder / f"{name}.toml"
    path.write_text(head + body, encoding="utf-8")
    return path


def complaint(folder: Path, name: str = "a") -> str:
    with pytest.raises(ProfileError) as raised:
        load_profile(name, folder)
    text = str(raised.value)
    assert len(text.splitlines()) == 1
    return text


def test_a_value_comes_from_the_nearest_profile_that_has_one(tmp_path: Path) -> None:
    write(tmp_path, "a", f'[service.label]\nvalue = "one"\n{SOURCES}')
    write(tmp_path, "b", f"[io.default-buffer-frames]\nvalue = 7\n{SOURCES}", extends="a")
    write(tmp_path, "c", '[service.label]\nunknown = "why not"\n', extends="b")
    middle, last = load_profile("b", tmp_path), load_profile("c", tmp_path)
    assert (middle.get("service.label"), middle.get("io.default-buffer-frames")) == ("one", 7)
    assert middle.values["service.label"].defined_in == "a"
    assert last.extends == ("b", "a")
    assert last.get("service.label") is None
    assert last.why_unknown("service.label") == "why not"
    assert last.get("io.default-buffer-frames") == 7
    assert last.macos == (13, 1)


def test_a_key_that_no_file_mentions_is_unknown(tmp_path: Path) -> None:
    write(tmp_path, "a")
    profile = load_profile("a", tmp_path)
    assert profile.get("service.label") is None
    assert profile.why_unknown("service.label") == "no source was found"
    assert profile.flat()["unknown"]["service.label"] == "no source was found"


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        (f'[service.nonsense]\nvalue = "x"\n{SOURCES}', 5, "no such key"),
        (f'[nonsense.label]\nvalue = "x"\n{SOURCES}', 5, "no such key"),
        ('[service.label]\nvalue = "x"\nconfidence = "low"\n', 5, "a value needs sources"),
        (
            '[service.label]\nvalue = "x"\nsources = [{ kind = "inference", where = "x" }]\n',
            5,
            "confidence",
        ),
        (f'[service.label]\nvalue = "x"\nunknown = "y"\n{SOURCES}', 5, "either value or unknown"),
        ("[service.label]\n", 5, "either value or unknown"),
        ('[service.label]\nunknown = ""\n', 6, "unknown"),
        (
            f'{VALUE}sources = [{{ kind = "rumour", where = "x" }}]\n',
            8,
            "sources.0.kind",
        ),
        (
            f'{VALUE}sources = [{{ kind = "inference" }}]\n',
            8,
            "is missing",
        ),
        (f'[service.label]\nvalue = "x"\nmood = 1\n{SOURCES}', 7, "no such key"),
        (f'[service.kickstart-k]\nvalue = "maybe"\n{SOURCES}', 6, "allowed or refused"),
        (f'[io.default-buffer-frames]\nvalue = "512"\n{SOURCES}', 6, "whole number"),
        (f"[io.default-buffer-frames]\nvalue = true\n{SOURCES}", 6, "whole number"),
        (f'[loading.plugin-type-uuids]\nvalue = ["443abab8"]\n{SOURCES}', 6, "UUIDs"),
        (f"[service.label]\nvalue = {{ a = 1 }}\n{SOURCES}", 6, "not a value"),
        ("service = 1\n", 5, "not a table"),
        ('[service]\nlabel = "x"\n', 6, "service.label"),
    ],
)
def test_each_flaw_is_named_with_its_line(body: str, line: int, words: str, tmp_path: Path) -> None:
    path = write(tmp_path, "a", body)
    said = complaint(tmp_path)
    assert f"{path}:{line}" in said
    assert words in said


@pytest.mark.parametrize("key", ["title", "kind", "macos"])
def test_what_a_file_says_of_itself_has_to_be_there(key: str, tmp_path: Path) -> None:
    path = write(tmp_path, "a")
    lines = [line for line in path.read_text().splitlines() if not line.startswith(key)]
    path.write_text("\n".join(lines))
    assert f"{key}: is missing: {path}:1" in complaint(tmp_path)


def test_a_name_that_is_not_the_file_s_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "b").rename(tmp_path / "a.toml")
    said = complaint(tmp_path)
    assert 'says its name is "b"' in said
    assert f"{tmp_path / 'a.toml'}:1" in said


def test_a_cycle_of_inheritance_is_refused_with_its_names(tmp_path: Path) -> None:
    write(tmp_path, "a", extends="b")
    write(tmp_path, "b", extends="c")
    path = write(tmp_path, "c", extends="a")
    said = complaint(tmp_path)
    assert "a -> b -> c -> a" in said
    assert f"{path}:5" in said
    write(tmp_path, "d", extends="d")
    assert "d -> d" in complaint(tmp_path, "d")


def test_extending_what_is_not_there_names_the_line_and_what_there_is(tmp_path: Path) -> None:
    path = write(tmp_path, "a", extends="nobody")
    said = complaint(tmp_path)
    assert f'no profile "nobody": {path}:5' in said
    assert "take one of: a" in said


@pytest.mark.parametrize("name", ["nobody", "../a", "/etc/passwd", "a.toml", "", "a\nb", "a/b"])
def test_a_name_leads_to_no_other_folder(name: str, tmp_path: Path) -> None:
    write(tmp_path, "a")
    (tmp_path / "inner").mkdir()
    write(tmp_path / "inner", "a")
    with pytest.raises(ProfileError, match="no profile"):
        load_profile(name, tmp_path / "inner")


@pytest.mark.parametrize(
    "text", ["name = ", "\0", "name = 'a'\nname = 'b'", "\udcff", "a = " + "[" * 5000]
)
def test_what_is_no_toml_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert "not TOML" in complaint(tmp_path)


def test_a_file_too_long_to_be_written_by_people_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a", "#" * (1 << 18))
    assert f"bytes: {path}" in complaint(tmp_path)


def test_claims_are_only_loaded_when_they_are_named(tmp_path: Path) -> None:
    write(tmp_path, "a")
    path = write(tmp_path, "b")
    path.write_text(path.read_text().replace('"macos"', '"claim"'))
    assert [one.name for one in load_profiles(None, tmp_path)] == ["a"]
    assert [one.name for one in load_profiles(["b", "a", "b"], tmp_path)] == ["b", "a"]


@given(st.text(max_size=300))
def test_lines_are_found_in_any_text(text: str) -> None:
    lines = lines_of_keys(text)
    assert all(1 <= line <= max(1, len(text.splitlines())) for line in lines.values())
    assert line_of(("a", "b"), lines) >= 1
