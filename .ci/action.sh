#!/bin/sh
# What action.yml does, so that it can be run and tested anywhere.
#
#   action.sh install   make an environment with hal-lab, from the checkout that this file is in
#   action.sh judge     inspect the driver, run what is to be run, write the report and the summary
#
# judge reads HAL_DRIVER, HAL_PROFILES, HAL_FAIL_ON, HAL_SCENARIOS, HAL_COMMAND, HAL_REPORT (see
# action.yml) and GITHUB_STEP_SUMMARY. HAL_ENVIRONMENT is the folder of the environment. Exit status:
# 0 all well; 1 the driver is not; 2 wrong inputs; 3 something needed is missing.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 3
environment=${HAL_ENVIRONMENT:-${RUNNER_TEMP:-/tmp}/hal-lab}

complain() { # STATUS WORDS...
    status=$1
    shift
    # GitHub shows such a line at the head of the run.
    echo "::error title=hal-lab::$*"
    exit "$status"
}

install_lab() {
    for python in python3.14 python3.13 python3.12 python3.11 python3 ''; do
        [ -n "$python" ] || complain 3 "no Python 3.11 or later; use actions/setup-python before this action"
        ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || break
    done
    # A compiler and libraries: installed where that is allowed, named elsewhere.
    (cd "$here" && "$python" -m lab.doctor --install --for hal) || complain 3 "the machine lacks something, see above"
    "$python" -m venv "$environment" || complain 3 "no virtual environment can be made"
    "$environment/bin/python" -m pip --quiet install "${here}[test]" || complain 3 "hal-lab cannot be installed"
}

# Of which system the bundle's executable is: elf, mach-o or none.
kind_of_code() {
    python -c 'import json, sys; print((json.load(sys.stdin)["executable"] or {}).get("format", "none"))' \
        <"$report/inspect.json"
}

# A line of the summary.
tell() {
    echo "$*"
    echo "$*" >>"$summary"
}

run_part() { # NAME COMMAND...
    part=$1
    shift
    if "$@" >"$report/$part.txt" 2>&1 </dev/null; then
        cat "$report/$part.txt"
        tell "- $part: passed"
    else
        code=$?
        cat "$report/$part.txt"
        tell "- $part: **failed** with exit status $code"
        failed=1
    fi
}

judge() {
    [ -n "${HAL_DRIVER:-}" ] || complain 2 "no driver is named: with: driver: build/My.driver"
    [ -d "$HAL_DRIVER/Contents" ] || complain 2 "\"$HAL_DRIVER\" is no driver bundle; build it before this action"
    [ -z "${HAL_SCENARIOS:-}" ] || [ -z "${HAL_COMMAND:-}" ] || complain 2 "name scenarios or a command, not both"
    HAL_DRIVER=$(CDPATH='' cd -- "$HAL_DRIVER" && pwd) || exit 2
    PATH=$environment/bin:$PATH
    export HAL_DRIVER PATH
    report=${HAL_REPORT:-hal-lab-report}
    mkdir -p "$report" || complain 2 "the report cannot be written to \"$report\""
    summary=${GITHUB_STEP_SUMMARY:-$report/summary.md}
    failed=

    set -f # names of profiles and files are split at blanks, and are no patterns
    set -- --fail-on "${HAL_FAIL_ON:-refused}"
    for profile in ${HAL_PROFILES:-}; do set -- "$@" --profile "$profile"; done
    hal-lab inspect "$HAL_DRIVER" "$@" --json --summary "$summary" >"$report/inspect.json"
    case $? in
    0 | 1) ;;
    *) complain 2 "\"$HAL_DRIVER\" cannot be inspected, see above" ;;
    esac
    [ -s "$report/inspect.json" ] || complain 2 "the inputs profiles or fail-on are wrong, see above"
    run_part inspect hal-lab inspect "$HAL_DRIVER" "$@"

    native=elf
    [ "$(uname -s)" != Darwin ] || native=mach-o
    if [ -n "${HAL_COMMAND:-}" ]; then
        run_part command sh -e -c "$HAL_COMMAND"
    elif [ "$(kind_of_code)" != "$native" ]; then
        tell "- not run: its code is for another system (built with hal_lab_add_driver it runs on Linux, too)"
    elif [ -n "${HAL_SCENARIOS:-}" ]; then
        # shellcheck disable=SC2086 # several, by blanks
        run_part scenarios python -m pytest --hal-driver "$HAL_DRIVER" \
            --hal-results "$report/results.json" --junitxml "$report/junit.xml" $HAL_SCENARIOS
    else
        run_part devices hal-lab devices --driver "$HAL_DRIVER"
    fi
    [ -z "$failed" ] || complain 1 "the driver is not what it should be; the summary says why"
}

case ${1:-} in
install) install_lab ;;
judge) judge ;;
*)
    echo "usage: $0 install|judge" >&2
    exit 2
    ;;
esac
