"""UUIDs: what each macOS looks for, and every way to write them."""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.bundle.findings import Severity
from lab.bundle.inspect import inspect_bundle
from lab.bundle.plist import Dictionary, parse_plist
from lab.bundle.uuids import Spelling, judge_uuids, parse_uuid
from lab.bundle.verdict import decide
from lab.profiles import load_profile, load_profiles, profile_names
from tests.support.driver_bundle import FACTORY, SEEDS_TYPE, TYPE, info, write_bundle

ALL = profile_names()
MACOS = [profile.name for profile in load_profiles()]
PROFILES = {name: load_profile(name) for name in ALL}
OTHER = "AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE"


def outcomes(types: Any, factories: Any = None) -> dict[str, str]:
    """The verdict of each profile on these tables alone."""
    plist = info()
    plist["CFPlugInTypes"] = types
    if factories is not None:
        plist["CFPlugInFactories"] = factories
    profiles = list(PROFILES.values())
    _, findings = judge_uuids(parse_plist(plistlib.dumps(plist)), profiles)
    return {one.name: decide(one, findings).outcome for one in profiles}


def spelled(uuid: str) -> st.SearchStrategy[str]:
    """A UUID in any mixture of cases."""
    return st.lists(st.booleans(), min_size=len(uuid), max_size=len(uuid)).map(
        lambda upper: "".join(
            c.upper() if up else c.lower() for c, up in zip(uuid, upper, strict=True)
        )
    )


def test_apple_s_uuid_is_accepted_by_every_macos_and_not_by_the_seed_s_15() -> None:
    said = outcomes({TYPE: [FACTORY]})
    assert [said[name] for name in MACOS] == ["accepted"] * len(MACOS)
    assert said["seed-15"] == "refused"


def test_both_uuids_as_the_seed_s_driver_lists_them_are_accepted_everywhere() -> None:
    assert set(outcomes({SEEDS_TYPE: [FACTORY], TYPE: [FACTORY]}).values()) == {"accepted"}


def test_the_seed_s_uuid_alone_fails_on_26_and_on_the_real_15_and_the_message_says_why(
    tmp_path: Path,
) -> None:
    bundle = write_bundle(
        tmp_path / "Old.driver",
        edit=lambda plist: plist.update(CFPlugInTypes={SEEDS_TYPE: [FACTORY]}),
    )
    inspection = inspect_bundle(bundle, list(PROFILES.values()))
    verdicts = {verdict.profile: verdict for verdict in inspection.verdicts}
    assert verdicts["seed-15"].outcome == "accepted"
    for name in MACOS:
        assert verdicts[name].outcome == "refused"
        (reason,) = verdicts[name].reasons
        assert f"looks for {TYPE}" in reason
        assert f"add {TYPE}" in reason
        assert f"{SEEDS_TYPE} is no macOS version's, old or new" in reason


@given(type_=spelled(TYPE), factory=spelled(FACTORY), key=spelled(FACTORY))
def test_case_does_not_matter(type_: str, factory: str, key: str) -> None:
    said = outcomes({type_: [factory]}, {key: "Good_Create"})
    assert [said[name] for name in MACOS] == ["accepted"] * len(MACOS)


@given(spelled(TYPE))
def test_braces_are_not_known_to_work(type_: str) -> None:
    said = outcomes({f"{{{type_}}}": [FACTORY]})
    assert [said[name] for name in MACOS] == ["unknown"] * len(MACOS)
    both = outcomes({f"{{{type_}}}": [OTHER], TYPE: [FACTORY]})
    assert "refused" not in [both[name] for name in MACOS]


@given(st.text(max_size=60).filter(lambda text: parse_uuid(text).spelling is Spelling.MALFORMED))
def test_what_is_no_uuid_is_never_accepted(text: str) -> None:
    table = Dictionary()
    table["CFPlugInTypes"], table["CFPlugInFactories"] = Dictionary(), Dictionary()
    table["CFPlugInTypes"][text] = [FACTORY]
    table["CFPlugInFactories"][FACTORY] = "Good_Create"
    _, findings = judge_uuids(table, [PROFILES["macos-26"]])
    assert decide(PROFILES["macos-26"], findings).outcome == "refused"
    assert all(finding.sentence.isprintable() for finding in findings)


@given(st.sampled_from([TYPE, FACTORY]), st.integers(0, 35), st.sampled_from("gG-{ 0\u0660"))
def test_a_uuid_of_wrong_length_or_digits_is_malformed(uuid: str, at: int, other: str) -> None:
    assert parse_uuid(uuid[:at] + uuid[at + 1 :]).spelling is Spelling.MALFORMED
    assert parse_uuid(uuid[:at] + other + uuid[at:]).spelling is Spelling.MALFORMED
    if uuid[at] == "-" or other in "gG{ \u0660":
        replaced = uuid[:at] + other + uuid[at + 1 :]
        expected = Spelling.GOOD if replaced == uuid else Spelling.MALFORMED
        assert parse_uuid(replaced).spelling is expected


@given(
    st.lists(st.sampled_from([FACTORY, FACTORY.lower(), OTHER, "x", ""]), max_size=5),
    st.dictionaries(
        st.sampled_from([FACTORY, FACTORY.lower(), OTHER]),
        st.sampled_from(["Good_Create", "Other_Create", ""]),
        max_size=3,
    ),
)
def test_the_first_factory_decides(listed: list[str], factories: dict[str, str]) -> None:
    said = outcomes({TYPE: listed}, factories)["macos-26"]
    there = [name for name in listed if name]
    functions = {key.upper(): value for key, value in factories.items()}
    works = bool(there) and bool(functions.get(there[0].upper()))
    keys = [key.upper() for key in factories]
    differing = len(set(keys)) < len(keys) and factories[FACTORY] != factories[FACTORY.lower()]
    if differing:
        assert said in {"unknown", "refused"}
    else:
        assert said == ("accepted" if works else "refused")


def test_a_string_in_the_place_of_an_array_is_accepted_as_in_the_field() -> None:
    said = outcomes({TYPE: FACTORY})
    assert [said[name] for name in MACOS] == ["accepted"] * len(MACOS)


@pytest.mark.parametrize("value", [{}, 7, b"x", [], [7], "", True])
def test_what_names_no_factory_is_refused(value: Any) -> None:
    assert outcomes({TYPE: value})["macos-26"] == "refused"


@pytest.mark.parametrize("value", [7, "x", [TYPE]])
def test_a_table_that_is_no_dictionary_is_refused(value: Any) -> None:
    assert set(outcomes(value).values()) == {"refused"}


def test_a_key_twice_in_the_text_is_seen() -> None:
    text = plistlib.dumps(info()).replace(
        f"<key>{FACTORY}</key>".encode(),
        f"<key>{FACTORY}</key><string>First_Create</string><key>{FACTORY}</key>".encode(),
    )
    _, findings = judge_uuids(parse_plist(text), [PROFILES["macos-26"]])
    (found,) = (one for one in findings if one.id == "duplicate-factory")
    assert found.severity is Severity.UNKNOWN


def test_a_function_is_only_asked_of_the_executable_where_it_is_called(tmp_path: Path) -> None:
    def edit(plist: dict[str, Any]) -> None:
        plist["CFPlugInTypes"] = {SEEDS_TYPE: [OTHER], TYPE: [FACTORY]}
        plist["CFPlugInFactories"][OTHER] = "Missing_Create"

    bundle = write_bundle(tmp_path / "Two.driver", edit=edit)
    inspection = inspect_bundle(bundle, [PROFILES["seed-15"], PROFILES["macos-26"]])
    missing = [one for one in inspection.findings if one.id == "factory-not-exported"]
    assert {one.profile for one in missing} == {"seed-15"}
    assert all('"Missing_Create"' in one.sentence for one in missing)
    assert [one.outcome for one in inspection.verdicts] == ["refused", "accepted"]
