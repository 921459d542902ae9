"""The jobs of this checkout: ./noxw -s <session> [-- arguments]; ./noxw --list says which.

The C part is built once per CMake preset below build/ and shared by the sessions. Tools that print
much are quiet unless they fail. What the machine lacks is named, and where allowed installed, by
the doctor, which needs nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nox
from nox.command import CommandFailed

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["hal"]
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = True

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
JOBS = str(os.cpu_count() or 2)
# Scenarios in which neither driver nor host may be in a hurry: a sanitizer makes both slow.
SANITIZED_BUNGHOLE = (
    "do_old_hosts_and_guests_get_on",
    "do_two_clients_disturb_each_other",
    "does_a_bad_frame_hurt",
    "does_a_closed_peer_kill_the_host",
    "is_audio_back_after_a_cut",
)
# In which no check may find anything; Null is the smallest there can be.
CORRECT_DRIVERS = (
    "driver/gecko/GeckoAudioDevice.driver",
    "driver/bunghole/BungholeAudio.driver",
    "sim/tests/fixtures/null/Null.driver",
)
# What the build needs; PyPI has both where the system's are older, or missing.
BUILD_TOOLS = {"cmake": (3, 24), "ninja": (1, 11)}


# ---- sessions ------------------------------------------------------------------------------------


@nox.session
def hal(session: nox.Session) -> None:
    """Play a real file through Gecko Sink in the simulated coreaudiod, then run the scenarios."""
    doctor(session, "hal")
    install_package(session, "dev")
    if not session.posargs:
        run_folder = ROOT / "reports" / "runs" / "hal"
        session.run("hal-lab", "play", "--into", str(run_folder))
    # What takes minutes has sessions of its own: vsock, install.
    quick = ["scenarios", "--ignore=scenarios/install", "-m", "not slow"]
    session.run("pytest", *session.posargs or quick, env=lab_environment("dev"))


@nox.session
def tests(session: nox.Session) -> None:
    """Run the unit tests: C by ctest, Python by pytest."""
    doctor(session, "tests")
    install_package(session, "dev")
    if not session.posargs:
        run_ctest(session, "dev")
    session.run(
        "pytest",
        *(session.posargs or ["tests", "-n", JOBS, "-m", "not slow"]),
        env=lab_environment("dev"),
    )


@nox.session
def slow(session: nox.Session) -> None:
    """Run the unit tests that take minutes: quiet years, workers that are killed, many ladders."""
    doctor(session, "tests")
    install_package(session, "dev")
    session.install(*dependencies("sweep"))
    session.run("pytest", "tests", "-n", JOBS, "-m", "slow", env=lab_environment("dev"))


@nox.session
def vsock(session: nox.Session) -> None:
    """Run Bunghole's scenarios over a real AF_VSOCK: this kernel's, a guest's, guest to host."""
    doctor(session, "hal")
    doctor(session, "vsock")
    install_package(session, "dev")
    folder = ROOT / "reports" / "runs" / "vsock"
    session.run(
        *("python", "-m", "lab.guest.pytest_run"),
        *("--results", str(folder / "results.json"), "--logs", str(folder)),
        *("--", *(session.posargs or ["scenarios/bunghole", "-m", "not guest"])),
        env=lab_environment("dev"),
    )
    if not session.posargs:
        # From a guest to its host: the listeners are here.
        session.run("pytest", "scenarios/bunghole", "-m", "guest", env=lab_environment("dev"))


@nox.session
def validate(session: nox.Session) -> None:
    """Hold our drivers against every check as each macOS; prove that each flaw is found.

    With arguments: `hal-lab validate` with these, such as a bundle of yours.
    """
    doctor(session, "hal")
    install_package(session, "dev")
    environment = lab_environment("dev")
    if session.posargs:
        session.run("hal-lab", "validate", *session.posargs, env=environment)
        return
    reports = ROOT / "reports" / "runs" / "validate"
    reports.mkdir(parents=True, exist_ok=True)
    profiles = sorted(path.stem for path in (ROOT / "sim" / "profiles").glob("macos-*.toml"))
    for driver in CORRECT_DRIVERS:
        bundle = (ROOT / "build" / "dev" / driver).relative_to(ROOT)
        for profile in profiles:
            report = reports / f"{bundle.stem}-{profile}"
            session.run(
                *("hal-lab", "validate", str(bundle), "--only-failed"),
                *("--strictness", "10", "--macos", profile),
                *("--json", f"{report}.jsonl", "--junit", f"{report}.xml"),
                env=environment,
            )
    session.run("pytest", "tests/validate", "-n", JOBS, "-m", "slow or not slow", env=environment)


@nox.session
def install(session: nox.Session) -> None:
    """Install, upgrade and remove drivers on machines of each macOS; print the matrix."""
    doctor(session, "install")
    install_package(session, "dev")
    environment = lab_environment("dev")
    if session.posargs:
        session.run("pytest", *session.posargs, env=environment)
        return
    for chosen in (
        ("-m", "not docker and not slow", "-n", JOBS),
        ("-m", "slow and not docker", "-s"),
        # One process: a dockerd of our own holds its images alone.
        ("-m", "docker"),
    ):
        session.run("pytest", "scenarios/install", *chosen, env=environment)


@nox.session
def browser(session: nox.Session) -> None:
    """Look at the page of a night as people do, in a real browser; pictures: reports/browser."""
    doctor(session, "browser")
    session.install(*dependencies("test", "nightly", "browser"))
    session.run(
        *("python", "-m", "pytest", "-p", "lab.pytest_plugin"),
        *(session.posargs or ["tests/browser"]),
    )


@nox.session
def mac(session: nox.Session) -> None:
    """Install into this Mac's own coreaudiod, hear it, and out again; elsewhere on a simulated Mac.

    Outside of a CI a Mac wants to hear `-- --i-mean-it`.
    """
    doctor(session, "hal")
    install_package(session, "dev")
    is_mac = sys.platform == "darwin"
    if is_mac:
        session.install("sounddevice>=0.5")  # plays to a device by its name; brings PortAudio
    skipped_code = 77
    for driver in ("gecko", "bunghole"):
        session.run(
            *("python", "-m", "lab.machine.try_install", "--driver", driver),
            *("--machine", "mac" if is_mac else "sandbox", *session.posargs),
            env=lab_environment("dev"),
            success_codes=[0] if is_mac else [0, skipped_code],
        )


@nox.session
def nightly(session: nox.Session) -> None:
    """Run a night, hold it against the nights before, write its page. `-- --quick`."""
    doctor(session, "hal")
    install_package(session, "dev")
    session.run("hal-lab", "nightly", *session.posargs, env=lab_environment("dev"))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site of docs/ below build/site; a link that leads nowhere is an error.

    `-- --make` first makes the pages anew that are made from something.
    """
    session.install(*dependencies("docs"))
    make = "--make" in session.posargs
    session.run("python", "docs/make_all.py", *([] if make else ["--check"]))
    session.run(
        *("mkdocs", "build", "--strict", "--site-dir", "build/site"),
        env={"NO_MKDOCS_2_WARNING": "1"},
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and types of everything; nothing is changed. `-- --fix` formats instead."""
    session.install(
        *(*nox.project.dependency_groups(PROJECT, "lint"), *dependencies("test", "nightly"), "nox")
    )
    fix = "--fix" in session.posargs
    c_files = tracked_files("*.c", "*.h")
    c_list = Path(session.create_tmp()) / "c-files.txt"
    c_list.write_text("\n".join(c_files) + "\n", encoding="utf-8")
    checks: list[Sequence[str]] = [
        ("ruff", "check", *(["--fix"] if fix else []), "."),
        ("ruff", "format", *([] if fix else ["--check"]), "."),
        ("mypy",),
        ("clang-format", *(["-i"] if fix else ["--dry-run", "-Werror"]), f"--files={c_list}"),
        ("shellcheck", "noxw", *tracked_files(".ci/*", "*.sh")),
        *workflow_checks(session),
        *rust_checks(session, fix=fix),
    ]
    failed = [check for check in checks if not passes(session, *check)]
    if failed:
        names = ", ".join(Path(check[0]).name for check in failed)
        session.error(f"{len(failed)} of {len(checks)} checks failed: {names}")
    session.log(f"{len(checks)} checks passed, {len(c_files)} C files among what they looked at")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, as ratios within one run: rings, the virtual clock, waking up, starting."""
    doctor(session, "bench")
    install_package(session, "release", "-DHAL_LAB_BENCH=ON")
    session.run(
        "pytest",
        *(session.posargs or ["bench"]),
        "--benchmark-columns=min,median,max,stddev,rounds",
        env=lab_environment("release"),
    )


@nox.session
def sanitize(session: nox.Session) -> None:
    """Run the C tests and some scenarios of each driver with ASan + UBSan, then with TSan."""
    doctor(session, "tests")
    session.install(*dependencies("test"))
    scenarios = [
        "scenarios/test_does_every_sample_arrive_once_in_order.py",
        # Bunghole, and Burrow beside it. In real time: virtual time does without sanitizers.
        *(f"scenarios/bunghole/test_{name}.py" for name in SANITIZED_BUNGHOLE),
    ]
    for preset in session.posargs or ["asan", "tsan"]:
        build(session, preset)
        run_ctest(session, preset)
        session.run(
            *("python", "-m", "pytest", "-p", "lab.pytest_plugin", "-n", JOBS, "-m", "not slow"),
            *scenarios,
            # Else a race is a report that nobody reads: the host goes on, and the scenario passes.
            env=lab_environment(preset) | {"TSAN_OPTIONS": "halt_on_error=1"},
        )


@nox.session
def fuzz(session: nox.Session) -> None:
    """Give any bytes to whatever reads bytes of others. `-- --seconds 60`, `-- --plant`."""
    doctor(session, "fuzz")
    session.install(*dependencies("test"))
    folder = build(session, "fuzz", *fuzzing_compiler(), targets=("fuzz",))
    programs = folder / "driver" / "bunghole" / "fuzz"
    session.run("python", "-m", "tests.fuzz", "--programs", str(programs), *session.posargs)


@nox.session
def darwin(session: nox.Session) -> None:
    """Compile drivers and host for macOS, without a Mac and without its SDK."""
    session.install("ziglang==0.15.2")
    check = "cmake/darwin/check_darwin.py"
    driver = ["driver/gecko/src", "driver/gecko/shm", "driver/common/src"]
    headers = ["driver/gecko/include", "driver/common/include", *driver]
    bunghole = ["driver/bunghole/src", "driver/bunghole/transport"]
    jobs = {
        "Gecko Sink": [
            *sources_in(*driver),
            *(f"--include={folder}" for folder in headers),
            "--export=GeckoAudio_Create",
            f"--output={session.create_tmp()}/GeckoAudioDevice",
        ],
        "Bunghole": [
            *sources_in(*bunghole, "driver/common/src"),
            *(f"--include={folder}" for folder in [*bunghole, "driver/common/include"]),
            *opus_for_darwin(session),
            "--export=BungholeAudio_Create",
            f"--output={session.create_tmp()}/BungholeAudio",
        ],
        "libhalsim": [
            *sources_in("sim/host/src", "sim/host/contract"),
            *("--include=sim/host/include", "--include=sim/host/src"),
            "--include=sim/host/contract",
            *("--define=HALSIM_VERSION=0", "--compile-only"),
        ],
    }
    skipped_code = 77
    for name, arguments in jobs.items():
        session.log(f"{name} for arm64 and x86_64")
        session.run("python", check, *arguments, success_codes=[0, skipped_code], log=False)


# ---- steps that sessions share -------------------------------------------------------------------


def doctor(session: nox.Session, purpose: str) -> None:
    """Name what the machine lacks, install it where that is allowed."""
    session.run(sys.executable, "-m", "lab.doctor", "--install", "--for", purpose, external=True)


def opus_for_darwin(session: nox.Session) -> list[str]:
    """Fetch libopus's sources; what check_darwin.py has to be told to link them in."""
    folder = Path(session.create_tmp()) / "opus"
    session.run("python", "cmake/fetch_opus.py", str(folder), log=False)
    sources = (folder / "opus-sources.txt").read_text(encoding="utf-8").split()
    private = ("", "celt", "silk", "silk/float")
    return [
        *(f"--foreign={path}" for path in sources),
        *(f"--foreign-include={folder / 'opus' / name}" for name in private),
        *("--define=OPUS_BUILD", "--define=USE_ALLOCA"),
        *("--define=HAVE_LRINT", "--define=HAVE_LRINTF"),
        f"--include={folder / 'opus' / 'include'}",
    ]


def dependencies(*extras: str) -> list[str]:
    """What the package needs to run, with `extras`."""
    project = PROJECT["project"]
    found: list[str] = list(project["dependencies"])
    for extra in extras:
        found += project["optional-dependencies"][extra]
    return found


def fuzzing_compiler() -> list[str]:
    """clang, which brings libFuzzer, where there is one; CMake finds out whether it does here."""
    clang = shutil.which("clang")
    return [f"-DCMAKE_C_COMPILER={clang}"] if clang and "CC" not in os.environ else []


def build(session: nox.Session, preset: str, *options: str, targets: Sequence[str] = ()) -> Path:
    """Configure and build a preset, or some of it, with whichever cmake is new enough."""
    if tools := missing_build_tools():
        session.install(*tools)
    # Said anew each time: the build folder may remember a ninja of an environment long gone.
    ninja = shutil.which("ninja", path=os.pathsep.join([session.bin, os.environ["PATH"]]))
    session.run(
        *("cmake", "--preset", preset, f"-DCMAKE_MAKE_PROGRAM={ninja}", *options),
        external=True,
        silent=True,
    )
    session.log(f"building preset {preset}; quiet unless it fails")
    session.run(
        *("cmake", "--build", "--preset", preset),
        *(f"--target={target}" for target in targets),
        *("--", "--quiet"),
        external=True,
        silent=True,
    )
    return ROOT / "build" / preset


def install_package(session: nox.Session, preset: str, *options: str) -> None:
    """Build the preset, then install from that very folder the package that a user would get."""
    session.install(
        *(*dependencies("test", "nightly"), *nox.project.dependency_groups(PROJECT, "build"))
    )
    folder = build(session, preset, *options)
    # scikit-build-core begins the cache anew in each environment. What the preset and the options
    # said is said again: else it all would be built a second time, with other flags.
    variables = preset_variables(preset)
    build_type = variables.pop("CMAKE_BUILD_TYPE")
    defines = [f"{name}={value}" for name, value in variables.items()]
    defines += ["BUILD_TESTING=ON", *(option.removeprefix("-D") for option in options)]
    session.install(
        *("--no-build-isolation", "--no-deps", "--force-reinstall"),
        *("-C", f"build-dir={folder}", "-C", f"cmake.build-type={build_type}"),
        *(word for define in defines for word in ("-C", f"cmake.define.{define}")),
        ".",
    )


def preset_variables(name: str) -> dict[str, str]:
    """The cache variables of a preset and of those that it inherits."""
    presets = json.loads((ROOT / "CMakePresets.json").read_text(encoding="utf-8"))
    [preset] = [one for one in presets["configurePresets"] if one["name"] == name]
    inherited = preset_variables(preset["inherits"]) if "inherits" in preset else {}
    own: dict[str, str] = preset.get("cacheVariables", {})
    return inherited | own


def run_ctest(session: nox.Session, preset: str) -> None:
    """Run the C tests of a built preset."""
    session.run("ctest", "--preset", preset, "--parallel", JOBS, external=True)


def lab_environment(preset: str) -> dict[str, str]:
    """Say which build the lab looks at."""
    return {"HAL_LAB_BUILD": str(ROOT / "build" / preset)}


def missing_build_tools() -> list[str]:
    """Packages that bring cmake and ninja where the machine has none, or one that is too old."""
    return [
        f"{name}>={'.'.join(map(str, least))}"
        for name, least in BUILD_TOOLS.items()
        if version_of(name) < least
    ]


def version_of(program: str) -> tuple[int, ...]:
    """Major and minor version of a program on PATH; (0,) when it is not there or does not say."""
    path = shutil.which(program)
    if path is None:
        return (0,)
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0,)


def sources_in(*folders: str) -> list[str]:
    """Find the C files that lie directly in these folders."""
    return sorted(str(path) for folder in folders for path in Path(folder).glob("*.c"))


def tracked_files(*patterns: str) -> list[str]:
    """Files of the checkout that match, as git sees them, new ones included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


# ---- linters ------------------------------------------------------------------------------------


def passes(session: nox.Session, *command: str) -> bool:
    """Run one check and go on: one look at a run should show all that is wrong."""
    try:
        session.run(*command, external=True)
    except CommandFailed:
        return False
    return True


def workflow_checks(session: nox.Session) -> list[Sequence[str]]:
    """Check the workflows with actionlint, if it is there or Go can build it."""
    actionlint = shutil.which("actionlint")
    if actionlint is None and shutil.which("go"):
        folder = ROOT / ".cache" / "go-bin"
        actionlint = str(folder / "actionlint")
        if not Path(actionlint).exists():
            package = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
            session.run(
                *("go", "install", package), env={"GOBIN": str(folder)}, external=True, silent=True
            )
    if actionlint is None:
        session.warn("actionlint: skipped, neither it nor go is installed")
        return []
    return [(actionlint, *tracked_files(".github/workflows/*.yml"))]


def rust_checks(session: nox.Session, *, fix: bool) -> list[Sequence[str]]:
    """Check the crates with rustfmt and clippy, if cargo is there."""
    manifests = tracked_files("*Cargo.toml")
    if manifests and shutil.which("cargo") is None:
        session.warn("cargo: skipped, it is not installed")
        return []
    checks: list[Sequence[str]] = []
    for manifest in manifests:
        options = ("--manifest-path", manifest)
        checks.append(("cargo", "fmt", *options, *([] if fix else ["--check"])))
        checks.append(
            ("cargo", "clippy", "--quiet", *options, "--all-targets", "--", "-D", "warnings")
        )
    return checks
