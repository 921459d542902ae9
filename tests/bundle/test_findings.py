"""Each finding appears on a bundle that has the flaw, and on a good one it does not."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest

from lab.bundle.findings import CATALOGUE, Severity, is_safe, shown
from lab.bundle.inspect import Inspection, inspect_bundle
from lab.profiles import load_profiles, profile_names
from tests.support.driver_bundle import write_bundle
from tests.support.flawed_bundles import FLAWS, binary
from tests.support.other_user import as_nobody

EXPECTED = {"signature-ad-hoc"}
"""On the good one: it is signed ad hoc, for nobody's certificate is here."""

WEIGHTS: dict[str, set[str]] = {
    "refused": {
        *("name-with-control-characters", "symlink-leaves-bundle", "special-file"),
        *("too-many-files", "info-plist-missing", "info-plist-unreadable"),
        *("executable-not-named", "executable-elsewhere", "executable-missing", "types-missing"),
        *("factories-missing", "type-uuid-not-accepted", "factory-list-empty"),
        *("factory-without-function", "executable-unreadable", "executable-of-wrong-kind"),
        *("architecture-missing", "not-for-macos", "factory-not-exported", "unsigned"),
        *("signature-unreadable", "page-hash-mismatch", "not-readable-by-all"),
        *("hal-folder-closed", "library-not-system"),
    },
    "unknown": {
        *("not-named-driver", "not-readable", "dynamic-registration", "load-as-application"),
        *("uuid-in-braces", "duplicate-factory", "no-arm64", "minimum-newer-than-system"),
        *("signature-not-verified", "bundle-unsealed", "seal-broken", "quarantined"),
        *("owner-not-root", "hal-folder-owner"),
    },
    "accepted": {
        *("identifier-missing", "package-type", "placeholder-left", "loading-conditions"),
        *("type-uuid-not-apples", "uuid-malformed", "factory-as-string", "executable-for-linux"),
        *("no-x86-64", "signature-ad-hoc", "identifier-differs", "writable-by-others"),
    },
}
"""What each flaw comes to on macOS 26, when it is the only one."""


def inspect(bundle: Path, *names: str) -> Inspection:
    return inspect_bundle(bundle, load_profiles(list(names) or profile_names()))


def ids(inspection: Inspection) -> set[str]:
    return {finding.id for finding in inspection.findings}


@pytest.fixture(params=["xml", "binary"])
def good(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    plist = binary() if request.param == "binary" else None
    return write_bundle(tmp_path / "Good Device.driver", plist=plist)


def test_a_good_bundle_is_accepted_by_every_macos(good: Path) -> None:
    inspection = inspect_bundle(good, load_profiles())
    assert {verdict.outcome for verdict in inspection.verdicts} == {"accepted"}
    assert ids(inspection) == EXPECTED
    assert inspection.accepted
    assert inspection.identifier == "local.good"
    assert inspection.executable is not None
    assert [one.architecture for one in inspection.executable.code] == ["arm64", "x86_64"]


def test_every_finding_has_a_bundle_that_shows_it() -> None:
    assert set(FLAWS) == set(CATALOGUE)
    weighed = [name for names in WEIGHTS.values() for name in names]
    assert sorted(weighed) == sorted(CATALOGUE)


@pytest.mark.parametrize("identifier", sorted(CATALOGUE))
def test_each_flaw_is_found_and_weighs_what_it_should(identifier: str, tmp_path: Path) -> None:
    bundle = FLAWS[identifier](tmp_path)
    inspection = inspect(bundle, "macos-26")
    found = [one for one in inspection.findings if one.id == identifier]
    assert found, ids(inspection)
    for one in found:
        assert one.sentence.isprintable()
        assert not one.sentence.endswith(".")
    if identifier == "not-readable":
        return  # what its owner cannot read others cannot either, and that is refused
    (verdict,) = inspection.verdicts
    assert verdict.outcome == next(name for name, of in WEIGHTS.items() if identifier in of)
    if verdict.outcome == "accepted":
        assert verdict.reasons == ()
    else:
        assert any(one.sentence in verdict.reasons for one in found)


def test_a_good_bundle_that_is_installed_has_no_finding_of_installed_ones(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files to root")
    folder = tmp_path / "Library" / "Audio" / "Plug-Ins" / "HAL"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    for path in [folder, *write_bundle(folder / "Good.driver").rglob("*")]:
        os.chown(path, 0, 0)
    assert ids(inspect(folder / "Good.driver", "macos-26")) == EXPECTED


def test_the_same_bundle_elsewhere_is_not_held_to_the_rules_of_installed_ones(
    tmp_path: Path,
) -> None:
    bundle = write_bundle(tmp_path / "Good.driver")
    if os.geteuid() == 0:
        os.chown(bundle, 12345, 12345)
    assert ids(inspect(bundle, "macos-26")) == EXPECTED


@pytest.mark.parametrize("name", ["quarantined", "library-not-system", "minimum-newer-than-system"])
def test_what_nobody_knows_is_unknown_and_says_why(name: str, tmp_path: Path) -> None:
    inspection = inspect(FLAWS[name](tmp_path), "macos-12")
    (verdict,) = inspection.verdicts
    assert verdict.outcome == "unknown"
    (finding,) = (one for one in inspection.findings if one.id == name)
    assert finding.severity is Severity.UNKNOWN
    assert "nobody" in finding.because


def test_a_library_of_one_s_own_is_refused_on_26_and_brought_along_in_the_seed_s_15(
    tmp_path: Path,
) -> None:
    inspection = inspect(FLAWS["library-not-system"](tmp_path), "macos-26", "seed-15")
    of = {one.profile: one for one in inspection.findings if one.id == "library-not-system"}
    assert of["macos-26"].severity is Severity.REFUSED
    assert of["seed-15"].severity is Severity.WARNING
    assert "link it statically" in of["macos-26"].sentence
    assert '"@rpath/libopus.0.dylib"' in of["macos-26"].sentence


def test_the_reference_names_every_finding_and_its_weight() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "inspect.md"
    if not page.is_file():
        pytest.skip("an installed package has no docs")
    rows = re.findall(
        r"^\| `([a-z0-9-]+)` \| (.+) \| (\w+) \|$", page.read_text("utf-8"), re.MULTILINE
    )
    assert {name: (what, verdict) for name, what, verdict in rows} == {
        name: (CATALOGUE[name], outcome) for outcome, names in WEIGHTS.items() for name in names
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", '"plain"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("a\nb\x1b[31m", '"a\\x0ab\\x1b[31m"'),
        ("\u202egnp", '"\\u202egnp"'),
        ("\udcff", '"\\udcff"'),
        ("x" * 300, '"' + "x" * 197 + '..."'),
    ],
)
def test_text_of_a_bundle_is_shown_so_that_no_terminal_obeys_it(text: str, expected: str) -> None:
    assert shown(text) == expected
    assert shown(text).isprintable()
    assert is_safe(text) == (text in {"plain", 'a"b\\c', "x" * 300})


def test_what_the_inspecting_user_may_not_read_is_said_and_the_rest_is_judged() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        bundle = write_bundle(Path(name) / "Good.driver")
        for part in ("Contents/Resources", "Contents/MacOS/Good"):
            (bundle / part).chmod(0o700)
        profiles = load_profiles(["macos-26"])

        def look() -> int:
            inspection = inspect_bundle(bundle, profiles)
            unread = [one for one in inspection.findings if one.id == "not-readable"]
            return len(unread)

        assert as_nobody(look) == 2
