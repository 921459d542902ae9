"""Checks of objects on flaws that they find: `python -m tests.validate.objects_on_flaws`.

Prints an outcome a line, in the order of `TABLE`; then those of all such checks on the drivers that
have no flaw.
"""

from __future__ import annotations

import json

from lab.host.locate import find_driver
from lab.profiles import load_profile
from lab.validate.outcome import Outcome, Status
from lab.validate.registry import choose
from lab.validate.runner import run_checks
from lab.validate.worker import Order
from tests.support.flaws import find_flaw

FAILED, WARNING, CRASHED = Status.FAILED, Status.WARNING, Status.CRASHED

TABLE: tuple[tuple[str, str, Status, str], ...] = (
    # flaw, check, status, what the evidence has
    ("duplicate-object-id", "objects-ids-unique", FAILED, "owned 2 times"),
    ("object-ids-not-stable", "objects-answers-repeat", FAILED, "'ctrl'"),
    ("owner-disagrees", "objects-owners-agree", FAILED, "says that its owner is 1"),
    ("owned-list-incomplete", "objects-controls-agree", FAILED, "does not own it"),
    ("owned-list-ignores-class", "objects-owned-by-class", WARNING, "of class 'zzzz'"),
    ("lists-an-object-that-is-not-there", "objects-all-readable", FAILED, "object 99"),
    ("lists-an-object-that-is-not-there", "objects-required-properties", FAILED, "object 99"),
    ("class-is-made-up", "objects-base-class-standard", FAILED, "'blub'"),
    ("class-is-made-up", "objects-lists-of-their-class", FAILED, "is no 'astr'"),
    ("base-class-wrong", "objects-base-classes", FAILED, "'vlme', and it is 'togl'"),
    ("volume-class-is-level", "objects-volume-is-a-volume", WARNING, "no 'vlme'"),
    ("uid-changes-per-load", "objects-uids-stable", FAILED, "from load to load"),
    ("uid-not-found", "objects-found-by-uid", FAILED, "'uidd' says 0"),
    ("unknown-uid-finds-device", "objects-found-by-uid", FAILED, "it should be 0"),
    ("unknown-uid-is-an-error", "objects-answers-agree", FAILED, "'uidd'"),
    ("unknown-uid-is-an-error", "objects-found-by-uid", FAILED, "nope"),
    ("string-not-retained", "objects-references-retained", FAILED, "given three times"),
    ("string-is-null", "objects-references-typed", FAILED, "is NULL, with success"),
    ("name-is-empty", "objects-devices-named", FAILED, "its name is empty"),
    ("model-uid-is-a-number", "objects-references-typed", FAILED, "is a CFNumber"),
    ("size-disagrees-with-data", "objects-sizes-exact", FAILED, "'nsr#'"),
    ("size-understates-data", "objects-sizes-exact", FAILED, "its size is 56"),
    ("size-not-set", "objects-sizes-exact", FAILED, "it told no size"),
    ("short-buffer-overrun", "objects-no-overrun", FAILED, "1 bytes beyond it"),
    ("short-buffer-overrun", "objects-short-list", FAILED, "1 bytes beyond it"),
    ("short-buffer-accepted", "objects-short-value-refused", FAILED, "it should be '!siz'"),
    ("has-disagrees-with-get", "objects-denied-has-nothing", WARNING, "HasProperty denies 'saft'"),
    ("has-disagrees-with-get", "objects-required-properties", FAILED, "no 'saft'"),
    ("has-on-unknown-object", "objects-unknown-object-refused", FAILED, "says yes"),
    ("unknown-selector-succeeds", "objects-unknown-selector", FAILED, "selector 'zzzz'"),
    ("unknown-selector-succeeds", "objects-sizes-of-types", FAILED, "has 0 bytes"),
    ("unknown-object-wrong-error", "objects-unknown-object-told", WARNING, "should be '!obj'"),
    ("ignores-scope", "objects-streams-agree", FAILED, "is listed in"),
    ("unknown-scope-answered", "objects-unknown-scope", WARNING, "in scope 'zzzz', too"),
    ("ignores-element", "objects-unknown-element", WARNING, "for element 17, too"),
    ("crashes-on-unknown-selector", "objects-unknown-selector", CRASHED, "HasProperty"),
    ("crashes-on-unknown-object", "objects-unknown-object-refused", CRASHED, "HasProperty"),
    ("crashes-on-null-address", "objects-null-address", CRASHED, "IsPropertySettable"),
    ("crashes-on-null-data", "objects-null-data", CRASHED, "GetPropertyData"),
    ("crashes-on-null-driver", "objects-null-driver", CRASHED, "IsPropertySettable"),
    ("qualifier-overrun", "objects-strange-qualifiers", CRASHED, "GetPropertyData"),
    ("format-rate-disagrees", "objects-formats-follow-rate", FAILED, "'sfmt' of stream"),
    ("format-bytes-wrong", "objects-formats-agree", FAILED, "bytes a frame"),
    ("physical-format-disagrees", "objects-formats-agree", FAILED, "'pft '"),
    ("available-format-refused", "settings-formats-accepted", FAILED, "96000 Hz is refused"),
    ("foreign-format-accepted", "objects-foreign-format-refused", FAILED, "with 61 channels"),
    ("foreign-rate-accepted", "objects-foreign-rate-refused", FAILED, "12345 Hz"),
    ("rate-range-inverted", "objects-rate-ranges", FAILED, "from 44100 to 44000 Hz"),
    ("current-rate-not-offered", "objects-rate-offered", FAILED, "has 48000 Hz, and offers"),
    ("latency-absurd", "objects-latency-sane", FAILED, "100000000 frames"),
    ("safety-offset-absurd", "objects-latency-sane", FAILED, "2880000 frames"),
    ("zero-period-too-short", "time-period-length", WARNING, "480 frames"),
    ("transport-made-up", "objects-transport-type", WARNING, "'pipe'"),
    ("device-not-alive", "objects-alive-and-running", FAILED, "'livn' is 0"),
    ("hidden-and-default", "objects-can-be-default", FAILED, "it is hidden"),
    ("stereo-pair-out-of-range", "objects-stereo-channels", FAILED, "[3, 4]"),
    ("layout-count-disagrees", "objects-channel-layout", FAILED, "'srnd' of its"),
    ("related-without-itself", "objects-related-devices", FAILED, "without itself"),
    ("icon-missing", "objects-icon-in-bundle", WARNING, "is no file"),
    ("custom-property-of-another-type", "objects-custom-properties", FAILED, "is a CFNumber"),
    ("decibel-range-inverted", "objects-decibel-range", FAILED, "is 0 to -96"),
    ("conversion-disagrees", "settings-level-conversions", FAILED, "dB"),
    ("control-scope-wrong", "objects-control-scopes", FAILED, "says scope 'inpt'"),
    ("direction-contradicts-scope", "objects-streams-agree", FAILED, "says direction 1"),
    ("running-never-said", "objects-alive-and-running", FAILED, "[False, False, False]"),
    ("missing-required-class", "objects-required-properties", FAILED, "no 'clas'"),
    ("missing-required-owner", "objects-required-properties", FAILED, "no 'stdv'"),
    ("missing-required-owned-objects", "objects-required-properties", FAILED, "no 'ownd'"),
    ("missing-required-uid-to-device", "objects-required-properties", FAILED, "no 'uidd'"),
    ("missing-required-resource-bundle", "objects-resource-bundle", WARNING, "no 'rsrc'"),
    ("missing-required-name", "objects-required-properties", FAILED, "lnam"),
    ("missing-required-manufacturer", "objects-devices-named", FAILED, "no manufacturer"),
    ("missing-required-model-uid", "objects-required-properties", FAILED, "no 'muid'"),
    ("missing-required-transport-type", "objects-required-properties", FAILED, "no 'tran'"),
    ("missing-required-related-devices", "objects-required-properties", FAILED, "no 'akin'"),
    ("missing-required-clock-domain", "objects-required-properties", FAILED, "no 'clkd'"),
    ("missing-required-is-alive", "objects-required-properties", FAILED, "no 'livn'"),
    ("missing-required-is-running", "objects-required-properties", FAILED, "no 'goin'"),
    ("missing-required-can-be-default", "objects-required-properties", FAILED, "no 'dflt'"),
    ("missing-required-latency", "objects-required-properties", FAILED, "no 'ltnc'"),
    ("missing-required-safety-offset", "objects-required-properties", FAILED, "no 'saft'"),
    ("missing-required-streams", "objects-required-properties", FAILED, "'stm#'"),
    ("missing-required-control-list", "objects-required-properties", FAILED, "no 'ctrl'"),
    ("missing-required-rates", "objects-required-properties", FAILED, "no 'nsr#'"),
    ("missing-required-zero-period", "objects-required-properties", FAILED, "no 'ring'"),
    ("missing-required-direction", "objects-required-properties", FAILED, "no 'sdir'"),
    ("missing-required-terminal-type", "objects-required-properties", FAILED, "no 'term'"),
    ("missing-required-starting-channel", "objects-required-properties", FAILED, "no 'schn'"),
    ("missing-required-virtual-format", "objects-required-properties", FAILED, "'sfmt'"),
    ("missing-required-physical-formats", "objects-required-properties", FAILED, "no 'pfta'"),
    ("missing-required-control-scope", "objects-required-properties", FAILED, "no 'cscp'"),
    ("missing-required-decibel-range", "objects-required-properties", FAILED, "no 'lcdr'"),
)

CORRECT = ("Null", "Flawed", "GeckoAudioDevice", "BungholeAudio")
NAMES_OF_THEIR_OWN = {"GECKO_SHM_NAME": "/{unique}", "BUNGHOLE_UNIX": "{folder}"}


def main() -> None:
    """Run each check on its flaw, and all where there is none."""
    profile = load_profile("macos-26")
    for name, check, _, _ in TABLE:
        flaw = find_flaw(name)
        order = Order(flaw.path, profile, environment=flaw.environment)
        for outcome in run_checks(choose(10, [check]), order):
            _print(name, outcome)
    for name in CORRECT:
        order = Order(find_driver(name), profile, environment=NAMES_OF_THEIR_OWN)
        for outcome in run_checks(choose(10, ["objects"]), order, jobs=2):
            _print(name, outcome)


def _print(name: str, outcome: Outcome) -> None:
    print(json.dumps({"flaw": name, "outcome": outcome.model_dump(mode="json")}))


if __name__ == "__main__":
    main()
