"""Stands in for coreaudiod-sim: answers as it is told, or misbehaves.

The mode is in FAKE_MODE. Run as a program by tests/host; the real one is tested by the scenarios.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

FORMAT = {
    "sample_rate": 48000.0,
    "format_id": "lpcm",
    "flags": 9,
    "bytes_per_packet": 8,
    "frames_per_packet": 1,
    "bytes_per_frame": 8,
    "channels": 2,
    "bits": 32,
}
DEVICE = {
    "device": 0,
    "plugin": 0,
    "object_id": 2,
    "uid": "GeckoSink_UID",
    "name": "Gecko Sink",
    "nominal_rate": 48000.0,
    "available_rates": [[44100.0, 44100.0], [48000.0, 48000.0]],
    "buffer_frames": 480,
    "zero_period_frames": 16384,
    "clock_algorithm": 0,
    "latency": {"input": 0, "output": 0},
    "safety_offset": {"input": 0, "output": 0},
    "hidden": False,
    "running": False,
    "clients": [],
    "streams": [
        {
            "id": 3,
            "direction": "output",
            "starting_channel": 1,
            "latency_frames": 0,
            "virtual_format": FORMAT,
            "physical_format": FORMAT,
        }
    ],
    "something_new": {"that": "this release does not know"},
}
RESULTS: dict[str, Any] = {
    "host.info": {
        "version": "0.1.0",
        "protocol": 1,
        "pid": os.getpid(),
        "clock": "virtual",
        "now_ns": 1_000_000_000,
        "seed": 7,
        "timebase": [1, 1],
        "realtime_priority": True,
        "sanitizers": [],
    },
    "device.list": [DEVICE],
    "device.info": DEVICE,
    "client.add": {"client": 5},
    "io.run": {"elapsed_ns": 10_000_000, "interrupted": False},
    "host.shutdown": {},
}


def say(message: dict[str, Any]) -> None:
    """Write one line of protocol."""
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def report(event: str, **fields: Any) -> None:
    """Write the last words."""
    sys.stderr.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stderr.flush()


def misbehave(mode: str) -> None:
    """What each mode does on the first request after host.info."""
    if mode == "crash":
        sys.stderr.write("loading\n")
        report(
            "driver-crashed",
            signal="SIGSEGV",
            entry_point="StartIO",
            code="'rite'",
            plugin="/x/Bad.driver",
            backtrace=["bad_start +0x12", "main +0x3"],
        )
        os._exit(70)
    if mode == "hang":
        report("driver-hung", entry_point="StopIO", elapsed_ms=5000, plugin="/x/Bad.driver")
        os._exit(71)
    if mode == "host-crash":
        report("host-crashed", signal="SIGABRT", backtrace=[])
        os._exit(72)
    if mode == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "killed-under-guard":
        report("killed", signal="SIGKILL", text="the daemon was killed from outside")
        os._exit(137)
    if mode == "die-with-words":
        sys.stderr.write("coreaudiod-sim: the disk is full: /x; make room\n")
        os._exit(1)
    if mode == "silent":
        time.sleep(60)
    if mode == "garbage":
        sys.stdout.write("this is no protocol\n")
        sys.stdout.flush()
    if mode == "array":
        sys.stdout.write("[1, 2]\n")
        sys.stdout.flush()


def answer(mode: str, method: str, number: int, params: dict[str, Any]) -> None:
    """Answer one request."""
    if method == "property.get":
        data = {"status": "not-found", "os_status": 2003332927}
        message = "no such property: 'xxxx' of object 2; see dump"
        say({"id": number, "error": {"code": -32000, "message": message, "data": data}})
        return
    if method == "echo":
        say({"id": number, "result": params})
        return
    if mode == "notices" and method == "io.run":
        say({"method": "notice", "params": {"kind": "overload", "plugin": 0, "object": 2}})
        say({"method": "notice", "params": {"kind": "warning", "text": "a rule was broken"}})
        say({"id": number - 1, "result": "an answer that came too late"})
    if method not in RESULTS:
        say({"id": number, "error": {"code": -32601, "message": f"unknown method: {method}"}})
        return
    say({"id": number, "result": RESULTS[method]})


def go_under_guard() -> None:
    """As the real one: a child answers, in a session of its own; this process waits for it."""
    daemon = os.fork()
    if daemon != 0:
        _, status = os.waitpid(daemon, 0)
        os._exit(os.waitstatus_to_exitcode(status))
    os.setsid()
    RESULTS["host.info"]["pid"] = os.getpid()


def main() -> None:
    """Answer until stdin ends."""
    mode = os.environ.get("FAKE_MODE", "good")
    if mode == "leaves-child":
        go_under_guard()
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = os.fork() if mode == "leaves-child" else -1
    if child == 0:
        time.sleep(60)
        os._exit(0)
    if mode == "leaves-child":
        sys.stderr.write(json.dumps({"event": "child", "pid": child}) + "\n")
        sys.stderr.flush()
    for line in sys.stdin:
        request = json.loads(line)
        method, number = request["method"], request.get("id")
        if method != "host.info" and method != "host.shutdown":
            misbehave(mode)
        if mode == "stubborn" and method == "host.shutdown":
            time.sleep(60)
        if number is not None:
            answer(mode, method, number, request.get("params", {}))
        if method == "host.shutdown":
            return


if __name__ == "__main__":
    main()
