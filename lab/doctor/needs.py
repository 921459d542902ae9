"""The table of needs. A new need is a new entry here, nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from lab.doctor import built, detect, vsock
from lab.doctor.detect import Finding
from lab.guest.tiers import Tier

PURPOSES = ("hal", "tests", "bench", "lint", "vsock", "fuzz", "install", "browser")
LIBOPUS_NAMES = ("libopus.so.0", "libopus.0.dylib", "/opt/homebrew/lib/libopus.0.dylib")
_BUILD = ("hal", "tests", "bench", "vsock", "fuzz", "install")


class Weight(Enum):
    """How much depends on a need."""

    REQUIRED = "required"
    """Nothing works without it."""
    WANTED = "wanted"
    """Something is skipped without it; installed along with the rest."""
    OPTIONAL = "optional"
    """Something is skipped without it; only named."""


@dataclass(frozen=True)
class Need:
    """One thing that a machine should have.

    Attributes
    ----------
    id
        Stable kebab-case name.
    why
        What it is for, or what is missing without it.
    detect
        Looks for it; changes nothing.
    weight
        How much depends on it.
    purposes
        Sessions that use it.
    debian, brew
        Packages that bring it.
    otherwise
        What to do where no package helps.
    platforms
        Prefixes of ``sys.platform``.
    """

    id: str
    why: str
    detect: Callable[[], Finding]
    weight: Weight = Weight.REQUIRED
    purposes: tuple[str, ...] = _BUILD
    debian: tuple[str, ...] = ()
    brew: tuple[str, ...] = ()
    otherwise: str = ""
    platforms: tuple[str, ...] = ("linux", "darwin")

    def applies(self, purpose: str | None) -> bool:
        """Whether it matters here, for that purpose; None stands for all."""
        here = any(sys.platform.startswith(platform) for platform in self.platforms)
        return here and (purpose is None or purpose in self.purposes)


NEEDS: tuple[Need, ...] = (
    Need(
        "python",
        "runs the lab: 3.11 or later",
        detect.python_version,
        purposes=PURPOSES,
        debian=("python3",),
        brew=("python@3.13",),
    ),
    Need(
        "venv",
        "makes the environments of the sessions",
        lambda: detect.python_modules("venv", "ensurepip"),
        purposes=PURPOSES,
        debian=("python3-venv",),
        platforms=("linux",),
    ),
    Need(
        "c-compiler",
        "builds the simulated coreaudiod and the drivers (gcc 12, clang 14 or later)",
        detect.c_compiler,
        debian=("gcc", "libc6-dev"),
        otherwise="xcode-select --install",
    ),
    Need(
        "cmake",
        "configures the build: 3.24 or later; else the sessions take it from PyPI",
        detect.cmake,
        weight=Weight.OPTIONAL,
        debian=("cmake",),
        brew=("cmake",),
    ),
    Need(
        "ninja",
        "runs the build; else the sessions take it from PyPI",
        lambda: detect.program("ninja"),
        weight=Weight.OPTIONAL,
        debian=("ninja-build",),
        brew=("ninja",),
    ),
    Need(
        "pkg-config",
        "finds libplist and cmocka",
        lambda: detect.program("pkg-config", "pkgconf"),
        debian=("pkg-config",),
        brew=("pkgconf",),
    ),
    Need(
        "libplist",
        "reads Info.plist on Linux",
        lambda: detect.package("libplist-2.0"),
        debian=("libplist-dev",),
        platforms=("linux",),
    ),
    Need(
        "cmocka",
        "runs the C tests",
        lambda: detect.package("cmocka"),
        debian=("libcmocka-dev",),
        brew=("cmocka",),
    ),
    Need(
        "yyjson",
        "JSON for the control protocol; else its source is fetched during the build",
        lambda: detect.package("yyjson"),
        weight=Weight.OPTIONAL,
        debian=("libyyjson-dev (Debian 13, Ubuntu 24.04 or later)",),
        brew=("yyjson",),
    ),
    Need(
        "libopus",
        "the codec at the far end of Bunghole; the driver itself has its own in it",
        lambda: detect.shared_library("opus", *LIBOPUS_NAMES),
        debian=("libopus0",),
        brew=("opus",),
    ),
    Need(
        "bunghole",
        "plays over a vsock; without it its scenarios are skipped",
        built.bunghole,
        weight=Weight.OPTIONAL,
        purposes=(),
        otherwise="put it right, then build again: the sources of libopus come from PyPI, or by "
        "cargo",
    ),
    Need(
        "clang",
        "compiles drivers that use blocks; without it those tests are skipped",
        lambda: detect.program("clang"),
        weight=Weight.OPTIONAL,
        purposes=("tests",),
        debian=("clang",),
        otherwise="xcode-select --install",
    ),
    Need(
        "blocks-runtime",
        "runs drivers that use blocks on Linux; without it those tests are skipped",
        lambda: detect.library("BlocksRuntime", symbol="_Block_copy"),
        weight=Weight.WANTED,
        purposes=("hal", "tests"),
        debian=("libblocksruntime-dev",),
        platforms=("linux",),
    ),
    Need(
        "address-sanitizer",
        "./noxw -s sanitize, ./noxw -s fuzz",
        lambda: detect.sanitizer("address,undefined"),
        weight=Weight.OPTIONAL,
        purposes=("tests", "fuzz"),
        debian=("libasan8", "libubsan1"),
    ),
    Need(
        "libfuzzer",
        "guides ./noxw -s fuzz by what the parser does; without it inputs are changed at random",
        detect.libfuzzer,
        weight=Weight.WANTED,
        purposes=("fuzz",),
        debian=("clang", "libclang-rt-dev"),
        otherwise="brew install llvm, and CC=$(brew --prefix llvm)/bin/clang",
    ),
    Need(
        "thread-sanitizer",
        "./noxw -s sanitize",
        lambda: detect.sanitizer("thread"),
        weight=Weight.OPTIONAL,
        purposes=("tests",),
        debian=("libtsan2",),
    ),
    Need(
        "cyclictest",
        "the wake-up error to compare with",
        lambda: detect.program("cyclictest"),
        weight=Weight.WANTED,
        purposes=("bench",),
        debian=("rt-tests",),
        platforms=("linux",),
    ),
    Need(
        "jack",
        "a ring buffer to compare with",
        lambda: detect.package("jack"),
        weight=Weight.WANTED,
        purposes=("bench",),
        debian=("libjack-jackd2-dev",),
        brew=("jack",),
    ),
    Need(
        "portaudio",
        "a ring buffer to compare with",
        lambda: detect.package("portaudio-2.0"),
        weight=Weight.WANTED,
        purposes=("bench",),
        debian=("portaudio19-dev",),
        brew=("portaudio",),
    ),
    Need(
        "cargo",
        "builds and tests the Rust reader of the shared memory",
        lambda: detect.program("cargo"),
        weight=Weight.OPTIONAL,
        purposes=("tests", "lint"),
        debian=("cargo",),
        brew=("rust",),
    ),
    Need(
        "killall",
        "restarts coreaudiod in the machines that drivers are installed on",
        lambda: detect.program("killall"),
        weight=Weight.WANTED,
        purposes=("tests", "install"),
        debian=("psmisc",),
        platforms=("linux",),
    ),
    Need(
        "dockerd",
        "installs drivers in containers; without it in sandboxes only",
        lambda: detect.program("dockerd"),
        weight=Weight.WANTED,
        purposes=("install",),
        debian=("docker.io",),
        platforms=("linux",),
    ),
    Need(
        "mmdebstrap",
        "makes the image of those containers",
        lambda: detect.program("mmdebstrap"),
        weight=Weight.WANTED,
        purposes=("install",),
        debian=("mmdebstrap",),
        platforms=("linux",),
    ),
    Need(
        "chromium",
        "shows the page of a night; without it nobody looks at it as people do",
        detect.chromium,
        weight=Weight.WANTED,
        purposes=("browser",),
        debian=("chromium",),
        brew=("chromium",),
    ),
    Need(
        "user-mode-linux",
        "starts small guests; without it scenarios of vsock are skipped",
        vsock.guest_kernel,
        weight=Weight.WANTED,
        purposes=("tests", "vsock"),
        debian=("user-mode-linux",),
        platforms=("linux",),
    ),
    Need(
        "vsock-tier-a",
        "real vsock by this kernel's loopback, CID 1",
        lambda: vsock.vsock_tier(Tier.LOOPBACK),
        weight=Weight.OPTIONAL,
        purposes=("vsock",),
        otherwise="modprobe vsock_loopback, where the kernel has it; else tier b does as well",
        platforms=("linux",),
    ),
    Need(
        "vsock-tier-b",
        "real vsock by the loopback of a guest, CID 1 there",
        lambda: vsock.vsock_tier(Tier.GUEST_LOOPBACK),
        weight=Weight.OPTIONAL,
        purposes=("vsock",),
        debian=("user-mode-linux",),
        platforms=("linux",),
    ),
    Need(
        "vsock-tier-c",
        "real vsock from a guest to its host, CID 2 there",
        lambda: vsock.vsock_tier(Tier.GUEST_TO_HOST),
        weight=Weight.OPTIONAL,
        purposes=("vsock",),
        debian=("user-mode-linux",),
        platforms=("linux",),
    ),
    Need(
        "shared-memory",
        "the transport of Gecko Sink: /dev/shm, writable, at least 64 MiB free",
        lambda: detect.shared_memory(64 << 20),
        purposes=_BUILD,
        otherwise="mount -o remount,size=256M /dev/shm, or docker run --shm-size=256m",
        platforms=("linux",),
    ),
    Need(
        "real-time-priority",
        "SCHED_FIFO for the IO threads; without it real time is later, virtual time is not",
        detect.fifo,
        weight=Weight.OPTIONAL,
        otherwise="run as root, or give the user rtprio in /etc/security/limits.d",
        platforms=("linux",),
    ),
)
