"""The pytest plug-in: fixtures for scenarios, marks for what they need, results at the end.

Hooks and fixtures only; what they do is elsewhere. Everything heavy is imported, and leftovers are
swept, when a fixture is asked for: a project that merely has hal-lab installed pays for this file.

Fixtures, each to be overridden where a scenario wants it otherwise:

| fixture | |
|---|---|
| ``driver`` | path of the driver bundle (``--hal-driver``; default: Gecko Sink) |
| ``clock`` | ``"virtual"`` |
| ``layout`` | ``"v2"``: the layout of Gecko Sink's shared memory |
| ``shm_name`` | a name of shared memory that nobody else uses, cleaned up afterwards |
| ``driver_environment`` | the driver's settings |
| ``start_host`` | starts hosts with that driver's environment; all end with the test |
| ``host`` | a host with the driver loaded |
| ``device`` | its device with an output, at 480 frames a cycle |
| ``shm_reader`` | a reader of ``shm_name``, begun at the newest frame |
| ``findings`` | what the scenario finds: `lab.scenario.Findings` |
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from lab.host.models import Device
    from lab.host.subprocess_host import SubprocessHost
    from lab.results import Result
    from lab.scenario import Findings
    from lab.transport.shm import ShmReader

StartHost = Callable[..., "SubprocessHost"]
"""Keywords: those of `lab.host.subprocess_host.HostOptions`, and ``environment``."""

MARKS = {
    "native": "needs coreaudiod-sim and the built drivers; skips when they are not built",
    "linux": "needs Linux",
    "macos": "needs macOS",
    "realtime": "judges wall-clock timing; the verdict depends on the machine",
    "docker": "needs a Docker engine, or dockerd and root to start one",
    "vsock": "needs AF_VSOCK with a transport",
    "guest": "needs to start a guest system",
}
PROPERTY = "hal-lab-result"

_findings_key = pytest.StashKey["Findings"]()
_driver_key = pytest.StashKey[Path]()
_hosts_key = pytest.StashKey[list["SubprocessHost"]]()


# ---- hooks ---------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    group = parser.getgroup("hal-lab", "simulated coreaudiod")
    group.addoption(
        "--hal-driver", metavar="BUNDLE", help="driver under test: a path, or a built one's name"
    )
    group.addoption(
        "--hal-vsock",
        choices=("any", "real"),
        default="any",
        help="real: fail where scenarios would use the AF_UNIX stand-in for vsock (default: any)",
    )
    group.addoption(
        "--hal-results", metavar="FILE", type=Path, help="write the results as a JSON list"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks."""
    for name, text in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {text}")
    _collected.clear()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot do, with the reason."""
    for item in items:
        for name in MARKS:
            if item.get_closest_marker(name) is not None:
                from lab.needs_of_marks import reason_to_skip

                reason = reason_to_skip(name)
                if reason:
                    item.add_marker(pytest.mark.skip(reason=f"{name}: {reason}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn findings into a result; show what the host said when the test failed."""
    report = yield
    if report.failed:
        for host in item.stash.get(_hosts_key, []):
            lines = [line.text for line in host.log.lines[-60:]]
            if lines:
                report.sections.append(("coreaudiod-sim stderr", "\n".join(lines)))
    findings = item.stash.get(_findings_key, None)
    if call.when == "call" and findings is not None:
        for host in item.stash.get(_hosts_key, []):
            findings.clock, findings.seed = host.options.clock, host.options.seed
            findings.profile = host.options.profile or findings.profile
        if _driver_key in item.stash:
            findings.driver(item.stash[_driver_key])
        result = findings.to_result(report.outcome, _reason(report), call.duration)
        told = [(PROPERTY, result.model_dump_json()), ("hal-lab-verdict", result.verdict.value)]
        # The item's go into JUnit with the report of the teardown, this report's to the summary.
        item.user_properties += told
        report.user_properties += told
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect the results, also those of the workers of pytest-xdist."""
    for name, value in report.user_properties:
        if name == PROPERTY and report.when == "call":
            from lab.results import Result

            _collected.append(Result.model_validate_json(str(value)))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table of results."""
    del config
    if not _collected:
        return
    from rich.console import Console

    from lab.report.terminal import results_table

    terminalreporter.section("hal-lab")
    console = Console(
        file=terminalreporter._tw._file,
        width=max(terminalreporter._tw.fullwidth, 80),
        color_system="standard" if terminalreporter.hasmarkup else None,
    )
    console.print(results_table(_collected))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the results."""
    path: Path | None = session.config.getoption("--hal-results")
    if path is None or hasattr(session.config, "workerinput"):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    records = [json.loads(result.model_dump_json()) for result in _collected]
    path.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")


# pytest_runtest_logreport is given no config to keep this in.
_collected: list[Result] = []


def _reason(report: pytest.TestReport) -> str:
    if report.outcome == "failed":
        crash = getattr(report.longrepr, "reprcrash", None)
        return " ".join(str(getattr(crash, "message", report.longrepr)).split())[:300]
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    return ""


# ---- fixtures ------------------------------------------------------------------------------------


@pytest.fixture
def findings(request: pytest.FixtureRequest) -> Findings:
    """What this scenario finds."""
    from lab.scenario import Findings

    made = Findings(request.node.nodeid.rsplit("/", 1)[-1])
    request.node.stash[_findings_key] = made
    return made


@pytest.fixture
def driver(request: pytest.FixtureRequest) -> Path:
    """The driver bundle under test."""
    from lab.errors import MissingError
    from lab.host.locate import DEFAULT_DRIVER, find_driver

    named: str | None = request.config.getoption("--hal-driver")
    try:
        found = request.node.stash[_driver_key] = find_driver(named or DEFAULT_DRIVER)
    except MissingError as error:
        if named:
            raise pytest.UsageError(str(error)) from error
        pytest.skip(f"native: {error}")
    return found


@pytest.fixture
def clock() -> Literal["virtual", "realtime"]:
    """Which time the host lives in."""
    return "virtual"


@pytest.fixture
def layout() -> Literal["v1", "v2"]:
    """Layout of Gecko Sink's shared memory."""
    return "v2"


@pytest.fixture(scope="session")
def swept_shared_memory() -> list[str]:
    """What sessions that were killed have left, once it is removed."""
    from lab.play.names import sweep_leftovers

    return sweep_leftovers()


@pytest.fixture
def shm_name(swept_shared_memory: list[str]) -> Iterator[str]:  # noqa: ARG001  (before ours)
    """A name of shared memory that nobody else uses; cleaned up by whoever lives longest.

    The host's guard removes what its drivers made, also after a crash; this fixture removes the
    rest; what both could not, because they were killed, the next session sweeps by the pid in it.
    """
    from lab.play.names import release, unique_shm_name

    name = unique_shm_name()
    yield name
    release(name)


@pytest.fixture
def driver_environment(shm_name: str, layout: str) -> dict[str, str]:
    """What Gecko Sink reads from its environment."""
    return {"GECKO_SHM_NAME": shm_name, "GECKO_SHM_LAYOUT": layout}


@pytest.fixture
def start_host(
    request: pytest.FixtureRequest,
    clock: Literal["virtual", "realtime"],
    driver_environment: dict[str, str],
) -> Iterator[StartHost]:
    """Start hosts; all of them end with the test."""
    from lab.host.subprocess_host import HostOptions, SubprocessHost

    started: list[SubprocessHost] = []
    request.node.stash[_hosts_key] = started

    def start(*, environment: dict[str, str] | None = None, **options: Any) -> SubprocessHost:
        chosen = HostOptions(**{"clock": clock, **options})
        made = SubprocessHost(chosen, environment={**driver_environment, **(environment or {})})
        started.append(made)
        return made

    yield start
    for host in reversed(started):
        host.close()


@pytest.fixture
def host(start_host: StartHost, driver: Path) -> SubprocessHost:
    """A host with the driver loaded."""
    made = start_host()
    made.load(driver)
    return made


@pytest.fixture
def device(host: SubprocessHost) -> Device:
    """The driver's device with an output, at 480 frames a cycle."""
    from lab.play.run import choose_device

    chosen = choose_device(host, None, host.plugins()[0].devices)
    return host.set_buffer_frames(chosen.device, 480)


@pytest.fixture
def shm_reader(host: SubprocessHost, shm_name: str) -> Iterator[ShmReader]:
    """A reader of the driver's shared memory, begun at the newest frame."""
    from lab.transport.shm import open_reader

    del host  # it has to be there first
    with open_reader(shm_name) as reader:
        yield reader
