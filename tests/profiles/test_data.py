"""The profiles as they are: complete, sourced, and right about the UUIDs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.profiles import UnknownValueError, load_profile, load_profiles, profile_names
from lab.profiles.document import REFERENCE, reference
from lab.profiles.keys import KEYS
from lab.profiles.read import are_our_own

VERSIONS = ["macos-12", "macos-13", "macos-14.0", "macos-14.4", "macos-15", "macos-26"]
APPLES = "443ABAB8-E7B3-491A-B985-BEB9187030DB"
SEEDS = "443ABEB8-E7B0-48D3-B2A0-381E2D0BB556"
APPLES_INTERFACE = "EEA5773D-CC43-49F1-8E00-8F96E7D23B17"
SEEDS_INTERFACE = "EEA5773D-CC43-49F1-8E00-8F9635872532"


def test_there_is_one_profile_per_version_and_one_claim() -> None:
    assert profile_names() == [*VERSIONS, "seed-15"]
    assert [profile.name for profile in load_profiles()] == VERSIONS
    assert load_profile("seed-15").kind == "claim"


@pytest.mark.parametrize("name", [*VERSIONS, "seed-15"])
def test_each_profile_answers_each_key_with_a_source_or_says_why_it_cannot(name: str) -> None:
    profile = load_profile(name)
    assert set(profile.values) == set(KEYS)
    for key, value in profile.values.items():
        if value.value is None:
            assert profile.why_unknown(key)
            with pytest.raises(UnknownValueError, match=name):
                profile.need(key)
        else:
            assert value.sources
            assert value.confidence
            assert profile.need(key) == value.value
        line = value.file.read_text(encoding="utf-8").splitlines()[value.line - 1]
        assert line == f"[{key}]"


@pytest.mark.parametrize("name", VERSIONS)
def test_the_uuids_of_apple_s_headers_hold_on_every_version(name: str) -> None:
    profile = load_profile(name)
    assert profile.texts("loading.plugin-type-uuids") == (APPLES,)
    assert profile.texts("loading.driver-interface-uuids") == (APPLES_INTERFACE,)
    assert profile.values["loading.plugin-type-uuids"].confidence == "high"


def test_the_seed_s_uuids_hold_in_the_seed_s_profile_alone() -> None:
    seed = load_profile("seed-15")
    assert seed.texts("loading.plugin-type-uuids") == (SEEDS,)
    assert seed.texts("loading.driver-interface-uuids") == (SEEDS_INTERFACE,)
    assert seed.text("loading.process-model") == "in-coreaudiod"
    assert seed.values["loading.plugin-type-uuids"].confidence == "low"


def test_kickstart_is_refused_from_14_4_on_with_apple_s_words() -> None:
    said = {name: load_profile(name).text("service.kickstart-k") for name in VERSIONS}
    assert [name for name, word in said.items() if word == "refused"] == VERSIONS[3:]
    latest = load_profile("macos-26")
    text = latest.text("service.kickstart-refusal-text") or ""
    assert text.endswith("1: Operation not permitted")
    assert latest.get("service.kickstart-refusal-code") == 1


def test_a_claim_of_a_seed_alone_is_never_of_high_confidence() -> None:
    for name in profile_names():
        for value in load_profile(name).values.values():
            kinds = {kind for kind, _ in value.sources}
            if kinds and kinds <= {"seed-claim", "inference"}:
                assert value.confidence in {"low", "medium"}, value.key


def test_a_profile_survives_json_and_has_each_key_once() -> None:
    flat = load_profile("macos-26").flat()
    assert json.loads(json.dumps(flat)) == flat
    assert set(flat["values"]) | set(flat["unknown"]) == set(KEYS)
    assert not set(flat["values"]) & set(flat["unknown"])
    assert flat["values"]["activation.required-properties"] == ["hidn"]
    assert all(flat["unknown"].values())
    assert set(flat["sources"]) == set(flat["values"])
    assert flat["sources"]["activation.required-properties"].startswith("seed-claim: seed 001")


def test_a_key_that_does_not_exist_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError):
        load_profile("macos-26").get("loading.nonsense")


def test_reading_without_the_schema_gives_the_same() -> None:
    for name in profile_names():
        assert load_profile(name, check=False) == load_profile(name)


def test_the_reference_is_not_stale() -> None:
    page = Path(__file__).resolve().parents[2] / REFERENCE
    if not page.parent.is_dir():
        pytest.skip("an installed package has no docs")
    assert page.read_text(encoding="utf-8") == reference(), "run python -m lab.profiles"


def test_the_reference_changes_with_the_data(tmp_path: Path) -> None:
    text = (
        'name = "macos-9"\ntitle = "Nine"\nkind = "macos"\nmacos = "9"\n'
        '[service.label]\nvalue = "a|b"\nsources = [{ kind = "inference", where = "x" }]\n'
        'confidence = "low"\n'
    )
    (tmp_path / "macos-9.toml").write_text(text, encoding="utf-8")
    page = reference(tmp_path)
    assert "`a\\|b` **low**" in page
    assert reference() != page


def test_profiles_of_one_s_own_are_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert are_our_own()
    monkeypatch.setenv("HAL_LAB_PROFILES", str(tmp_path))
    assert not are_our_own()
    assert profile_names() == []
    monkeypatch.setenv("HAL_LAB_PROFILES", str(tmp_path / "none"))
    with pytest.raises(LabError, match="HAL_LAB_PROFILES is no folder"):
        profile_names()
