"""What is left behind, and what happens when something fails or makes no sense."""

from __future__ import annotations

from tests.validate.flaws.found import CRASHED, FAILED, TIMEOUT, Found

ROWS = (
    Found("set-size-not-checked", "robustness-custom-property-size", CRASHED, "SetPropertyData"),
    Found("configuration-change-not-done", "robustness-configurations", FAILED, "passes with rate"),
    Found("leaks-cf-objects", "robustness-leaves-no-cf-object", FAILED, "CoreFoundation objects"),
    Found(
        "leaks-cf-objects", "robustness-getters-leave-no-cf-object", FAILED, "'lmak' of object 1"
    ),
    Found("leaks-thread", "robustness-leaves-no-thread", FAILED, "leaves 12 threads"),
    Found("leaks-descriptor", "robustness-leaves-no-descriptor", FAILED, "leaves 12 descriptors"),
    Found("leaks-memory", "robustness-leaves-no-memory", FAILED, "bytes of memory"),
    Found("leaks-mapping", "robustness-leaves-no-mapping", FAILED, "leaves 12 mappings"),
    Found("leaks-shared-memory", "robustness-leaves-no-shared-memory", FAILED, "/flawed-"),
    Found(
        "crashes-when-allocation-fails", "robustness-allocation-failure", CRASHED, "AddDeviceClient"
    ),
    Found(
        "allocation-failure-hangs", "robustness-allocation-failure", TIMEOUT, "pthread_mutex_lock"
    ),
    Found("hangs-on-unknown-object", "robustness-unknown-objects", TIMEOUT, "pthread_cond_wait"),
    Found("hangs-on-unknown-object", "robustness-random-any", TIMEOUT, "pthread_cond_wait"),
    Found("recursion-without-end", "robustness-property-fuzz", CRASHED, "SIGSEGV"),
    Found("custom-property-crashes-on-null", "robustness-custom-property-types", CRASHED, "'flwd'"),
    Found("start-not-counted", "robustness-random-legal", FAILED, "in legal order always 0"),
    Found("small-buffer-refused", "robustness-configurations", FAILED, "frames 64 in place of 16"),
)
