"""``python -m lab.launchd``: launchd itself, as process 1 or as any other."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lab.errors import LabError
from lab.launchd.daemon import Launchd
from lab.launchd.policy import Policy, session_of
from lab.profiles.read import load_profile


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and serve.

    Returns
    -------
    int
        0 after SIGTERM or SIGINT, 1 when it could not begin.
    """
    parser = argparse.ArgumentParser(
        prog="python -m lab.launchd",
        description="A small launchd for tests: loads the property lists of the machine's "
        "LaunchDaemons and LaunchAgents, keeps their jobs as launchd.plist(5) says, and answers "
        "launchctl. SIGTERM ends all jobs, then launchd.",
        epilog="Not there: XPC and Mach services, sockets, timers (StartInterval), per-user "
        "overrides, persistent disabling; docs/reference/launchd.md has the list.",
    )
    parser.add_argument("--profile", required=True, help="version of macOS, such as macos-26")
    parser.add_argument("--root", type=Path, default=Path("/"), help="what paths are below")
    parser.add_argument(
        "--domain", action="append", help="a domain beside system: loginwindow, gui/501"
    )
    parser.add_argument(
        "--any-owner",
        action="store_true",
        help="take property lists of the system domain that do not belong to root",
    )
    parser.add_argument("--while-stdin", action="store_true", help="end when standard input ends")
    chosen = parser.parse_args(arguments)
    domains = ["system", *(chosen.domain or [])]
    if wrong := [domain for domain in domains if session_of(domain) is None]:
        parser.error(f"{wrong[0]} is no domain: system, loginwindow, gui/<uid>")
    try:
        # The files are the package's own: its tests have held them to the schema.
        profile = load_profile(chosen.profile, check=False)
        policy = Policy.of_values(profile.flat()["values"])
        launchd = Launchd(chosen.root, policy, domains, check_owner=not chosen.any_owner)
        return launchd.run(while_stdin=chosen.while_stdin)
    except (LabError, OSError) as error:
        sys.stderr.write(f"launchd: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
