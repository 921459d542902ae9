"""Where settings come from, and which of them counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import UsageError
from lab.profiles import profile_names
from lab.validate.settings import Settings, find_file, profile_of, read_file, together


def test_the_file_is_found_in_the_bundle_or_above_it(tmp_path: Path) -> None:
    bundle = tmp_path / "a" / "b" / "X.driver"
    bundle.mkdir(parents=True)
    assert find_file(bundle) is None or not find_file(bundle).is_relative_to(tmp_path)  # type: ignore[union-attr]
    (tmp_path / "hal-lab.toml").write_text("")
    assert find_file(bundle) == tmp_path / "hal-lab.toml"
    (bundle / "hal-lab.toml").write_text("")
    assert find_file(bundle) == bundle / "hal-lab.toml"


def test_what_was_given_counts_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "hal-lab.toml"
    path.write_text(
        '[validate]\nstrictness = 7\nmacos = "12"\nexclude = ["a"]\n'
        '[validate.environment]\nA = "1"\nB = "2"\n[other]\nx = 1\n'
    )
    merged = together(Settings(strictness=3, environment={"B": "3"}), read_file(path))
    assert (merged.strictness, merged.macos, merged.exclude) == (3, "12", ["a"])
    assert merged.environment == {"A": "1", "B": "3"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[validate]\nstrictness = 11\n", "validate.strictness"),
        ('[validate]\nstrictness = "5"\n', "validate.strictness"),
        ("[validate]\nstrictnes = 5\n", "validate.strictnes"),
        ("[validate.environment]\nA = 1\n", "validate.environment.A"),
        ("[validate\n", "cannot be read"),
        ("[validate]\nstrictness = \xff\n", "cannot be read"),
    ],
)
def test_a_file_that_makes_no_sense_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "hal-lab.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=said) as caught:
        read_file(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_each_profile_is_found_by_its_number_and_its_name() -> None:
    for name in profile_names():
        assert profile_of(name).name == name
        assert profile_of(name.removeprefix("macos-")).name == name
    assert profile_of(None).name == "macos-26"


def test_a_macos_without_a_profile_is_one_line() -> None:
    with pytest.raises(UsageError, match="no profile of macOS 11"):
        profile_of("11")
