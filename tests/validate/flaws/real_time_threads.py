"""What is done on which thread."""

from __future__ import annotations

from tests.validate.flaws.found import FAILED, WARNING, Found

ROWS = (
    Found("locks-in-io", "real-time-no-lock", WARNING, "DoIOOperation of rite: lock"),
    Found("locks-in-zero-timestamp", "real-time-no-lock", WARNING, "GetZeroTimeStamp: lock"),
    Found(
        "allocates-in-io", "real-time-no-allocation", FAILED, "DoIOOperation of read: allocation"
    ),
    Found("allocates-in-begin", "real-time-no-allocation", FAILED, "BeginIOOperation of read"),
    Found("system-call-in-io", "real-time-no-system-call", FAILED, "system call close"),
    Found("sleeps-in-io", "real-time-no-sleep", FAILED, "cycles of"),
    Found("sleeps-in-io", "real-time-no-system-call", FAILED, "by nanosleep"),
    Found("logs-in-io", "real-time-no-system-call", FAILED, "DoIOOperation of rite"),
    Found("makes-a-string-in-io", "real-time-no-allocation", FAILED, "DoIOOperation of read"),
    Found("page-faults-in-io", "real-time-no-page-fault", WARNING, "page-fault"),
    Found(
        "calls-host-from-io-thread", "threads-no-notification-in-io", FAILED, "calls PropertiesC"
    ),
    Found(
        "stores-from-io-thread", "threads-no-storage-in-io", FAILED, "WriteToStorage of 'cycles'"
    ),
    Found("requests-change-in-io", "threads-no-change-in-io", FAILED, "RequestDeviceConfiguration"),
    Found(
        "callback-during-initialize",
        "threads-no-notification-in-initialize",
        WARNING,
        "Initialize calls PropertiesChanged of object 1",
    ),
    Found(
        "requests-change-during-initialize",
        "threads-no-change-in-initialize",
        WARNING,
        "the host knows no device yet",
    ),
    Found(
        "notifies-in-getter", "threads-getters-are-silent", WARNING, "reading should change nothing"
    ),
    Found(
        "requests-change-in-perform", "threads-no-change-in-perform", WARNING, "asks for another"
    ),
    Found("calls-host-after-release", "threads-silent-after-release", FAILED, "last Release"),
    Found("notifies-of-unknown-object", "threads-notices-of-known-objects", FAILED, "object 99"),
    Found("client-hal-api", "threads-no-client-api", FAILED, "takes AudioObjectGetPropertyData"),
    Found("waits-in-io", "real-time-no-waiting", FAILED, "DoIOOperation of rite: contended-lock"),
)
