"""Values that are set, and configuration changes."""

from __future__ import annotations

from tests.validate.flaws.found import CRASHED, FAILED, TIMEOUT, WARNING, Found

ROWS = (
    Found("available-format-refused", "settings-formats-accepted", FAILED, "96000 Hz is refused"),
    Found("conversion-disagrees", "settings-level-conversions", FAILED, "dB"),
    Found("settable-but-refuses", "settings-settable-is-taken", FAILED, "it answers 'unop'"),
    Found(
        "settable-but-refuses", "settings-read-by-many", FAILED, "by eight threads: answers 'unop'"
    ),
    Found("settable-denied", "settings-unsettable-is-refused", WARNING, "'bcvl' of object 6"),
    Found("set-without-notification", "settings-notify", FAILED, "listeners hear nothing"),
    Found("set-is-forgotten", "settings-read-back", FAILED, "set to 0.25, it says 1.0"),
    Found(
        "notification-of-another-object", "settings-notices-name-what-is-there", FAILED, "'lcsv' of"
    ),
    Found("set-size-not-checked", "settings-short-data-refused", FAILED, "not '!siz'"),
    Found("set-size-not-checked", "settings-long-data-refused", WARNING, "set by 12"),
    Found("volume-not-clamped", "settings-level-in-range", FAILED, "is 7 then"),
    Found("volume-takes-nan", "settings-level-is-a-number", FAILED, "is NaN then"),
    Found(
        "rate-changed-without-configuration-change",
        "settings-rate-by-change",
        FAILED,
        "without a configuration change",
    ),
    Found(
        "configuration-change-without-notification",
        "settings-rate-announced",
        WARNING,
        "after the change to 44100 Hz it does not",
    ),
    Found("configuration-change-not-done", "settings-rates-accepted", FAILED, "still another"),
    Found("abort-changes-anyway", "settings-aborted-change", FAILED, "was aborted"),
    Found("storage-not-read-back", "settings-storage-survives", WARNING, "after a restart"),
    Found("storage-not-written", "settings-storage-written", WARNING, "setting it wrote nothing"),
    Found("storage-trusted", "settings-storage-of-any-type", CRASHED, "Initialize"),
    Found("storage-failure-is-fatal", "settings-storage-may-fail", FAILED, "Initialize answers"),
    Found("race-in-set-property", "settings-race-free", FAILED, "it reads -1"),
    Found("lock-left-held", "settings-goes-on-after-refusal", TIMEOUT, "pthread_mutex_lock"),
    Found("configuration-change-not-done", "settings-rate-and-back", FAILED, "still another"),
    Found("configuration-change-not-done", "settings-rate-notified", FAILED, "still another"),
    Found("foreign-rate-accepted", "settings-other-rates-refused", FAILED, "12345 Hz"),
    Found("foreign-format-accepted", "settings-other-formats-refused", FAILED, "61 channels"),
    Found("conversion-disagrees", "settings-level-scales-agree", FAILED, "converts to"),
)
