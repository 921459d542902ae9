"""The control connection on stdio: everything is answered, and nothing else is on stdout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress

import pytest

from tests.daemon.talk import Daemon, driver, program, request, run

pytestmark = [pytest.mark.native, pytest.mark.linux]

VIRTUAL = ("--clock", "virtual")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("nonsense", -32700),
        ('{"jsonrpc": "2.0", "id": 1', -32700),
        ("[]", -32600),
        ("[" * 1000 + "]" * 1000, -32600),
        ("[" * 500_000, -32700),
        ('{"jsonrpc": "2.0", "id": 1, "method": "no.such"}', -32601),
        ('{"jsonrpc": "2.0", "id": 1, "method": "device.info"}', -32602),
        ('{"jsonrpc": "2.0", "id": 1, "method": "device.info", "params": {"device": []}}', -32602),
        ("x" * (2 << 20), -32600),
    ],
    ids=["text", "cut", "batch", "deep", "abyss", "method", "missing", "type", "two-mebibytes"],
)
def test_bad_input_is_answered_and_the_connection_lives_on(line: str, code: int) -> None:
    with Daemon(*VIRTUAL) as daemon:
        daemon.say(line)
        assert daemon.hear()["error"]["code"] == code
        assert daemon.ask("host.info")["protocol"] == 1


def test_bytes_that_are_no_utf8_are_answered() -> None:
    process = subprocess.Popen(
        [str(program()), *VIRTUAL], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    out, _ = process.communicate(
        b'{"jsonrpc": "2.0", "id": 1, "method": "\xff\xfe"}\n'
        b'{"jsonrpc": "2.0", "id": 2, "method": "host.info"}\n',
        timeout=20,
    )
    first, second = map(json.loads, out.splitlines())
    assert first["error"]["code"] == -32700
    assert second["result"]["protocol"] == 1
    assert process.returncode == 0


def test_what_was_asked_before_stdin_closed_is_answered() -> None:
    lines = [request(i, "host.info") for i in range(50)]
    ending = run(*VIRTUAL, given="\r\n".join(lines))  # and the last one has no line end
    assert ending.code == 0
    assert [json.loads(line)["id"] for line in ending.out.splitlines()] == list(range(50))


def test_answers_come_in_the_order_of_the_requests() -> None:
    with Daemon(*VIRTUAL) as daemon:
        daemon.play(driver("Loop"))
        first = daemon.send("io.run", seconds=50)
        second = daemon.send("io.stats", device=0)
        assert daemon.hear()["id"] == first
        answer = daemon.hear()
        assert answer["id"] == second
        assert answer["result"]["cycles"] >= 5000


def test_a_run_can_be_interrupted_while_it_runs() -> None:
    with Daemon("--clock", "realtime") as daemon:
        daemon.play(driver("Loop"))
        run_id = daemon.send("io.run", seconds=60)
        waiting = daemon.send("host.info")
        time.sleep(0.1)
        interrupt = daemon.send("io.interrupt")
        answers = {answer["id"]: answer["result"] for answer in (daemon.hear() for _ in range(3))}
        assert answers[interrupt] == {"interrupted": True}
        assert answers[run_id]["interrupted"] is True
        assert 0.05e9 < answers[run_id]["elapsed_ns"] < 10e9
        assert "version" in answers[waiting]
        assert daemon.ask("io.run", seconds=0.05)["interrupted"] is False


def test_drivers_that_print_do_not_reach_the_protocol() -> None:
    with Daemon(*VIRTUAL, environment={"LOOP_SHAPE": "print"}) as daemon:
        daemon.play(driver("Loop"))
        daemon.ask("io.run", seconds=0.1)
        daemon.refuse("plugin.load", path=driver("Loop") + "/none")
        daemon.ask("host.shutdown")
        ending = daemon.ending()
    assert ending.code == 0
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in ending.out.splitlines())
    assert "this must not reach the protocol" in ending.err


def test_neither_printf_nor_write_nor_a_child_gets_at_stdout_or_stdin() -> None:
    with Daemon(*VIRTUAL, environment={"BLUNT": "print read"}) as daemon:
        error = daemon.refuse("plugin.load", path=driver("Blunt"))
        assert error["data"]["status"] == "factory"
        daemon.ask("host.info")
        daemon.ask("host.shutdown")
        ending = daemon.ending()
    for words in ("Blunt: printf", "Blunt: write", "Blunt: child", "read() returned 0"):
        assert words in ending.err
        assert words not in ending.out


def test_notices_come_before_the_answer_of_the_request_that_caused_them() -> None:
    with Daemon(*VIRTUAL) as daemon:
        daemon.ask("plugin.load", path=driver("Loop"))
        for i in range(300):  # two threads may send them: each time anew
            daemon.notices.clear()
            daemon.ask("device.set_rate", device=0, rate=44100 + i)
            kinds = [notice["kind"] for notice in daemon.notices]
            assert kinds.index("configuration-requested") < kinds.index("configuration-performed")


def test_shutdown_is_answered_and_ends_it() -> None:
    with Daemon(*VIRTUAL) as daemon:
        daemon.play(driver("Loop"))
        assert daemon.ask("host.shutdown") == {}
        assert daemon.ending().code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_good_order_also_during_a_run(number: signal.Signals) -> None:
    with Daemon("--clock", "realtime") as daemon:
        daemon.play(driver("Loop"))
        daemon.send("io.run", seconds=600)
        time.sleep(0.1)
        daemon.process.send_signal(number)
        ending = daemon.ending()
    assert ending.code == 0
    assert ending.events == []


def unread(count: int) -> subprocess.Popen[str]:
    """A daemon with so many answers for a peer that does not read them."""
    process = subprocess.Popen(
        [str(program()), *VIRTUAL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write("".join(request(i, "host.info") + "\n" for i in range(count)))
    process.stdin.flush()
    time.sleep(0.3)
    return process


def test_answers_that_are_read_late_are_whole() -> None:
    with unread(1000) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        answers = [json.loads(process.stdout.readline()) for _ in range(1000)]
        assert [answer["id"] for answer in answers] == list(range(1000))
        process.stdin.close()
        assert process.wait(20) == 0


def test_a_peer_that_does_not_read_cannot_keep_it_from_ending() -> None:
    with unread(1000) as process:
        began = time.monotonic()
        process.terminate()  # once: no impatience of the guard is involved
        try:
            assert process.wait(10) == 0
        finally:
            process.kill()
        assert time.monotonic() - began < 5


def test_a_program_that_is_gone_ends_the_run_it_asked_for() -> None:
    process = subprocess.Popen(
        [str(program()), "--clock", "realtime"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(
        request(1, "plugin.load", path=driver("Loop"))
        + "\n"
        + request(2, "client.add", device=0)
        + "\n"
        + request(3, "io.start", device=0, client=1)
        + "\n"
        + request(4, "io.run", seconds=600)
        + "\n"
    )
    process.stdin.flush()
    for _ in range(3):
        process.stdout.readline()
    os.close(process.stdin.fileno())
    os.close(process.stdout.fileno())
    try:
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):  # closed above
                stream.close()


def test_more_requests_than_it_keeps_are_refused_and_the_rest_is_answered() -> None:
    with Daemon("--clock", "realtime") as daemon:
        daemon.play(driver("Loop"))
        run_id = daemon.send("io.run", seconds=600)
        time.sleep(0.05)
        daemon.say(*[request(f"flood-{i}", "host.info") for i in range(1500)])
        refused = [daemon.hear() for _ in range(1500 - 1024)]
        assert all(answer["error"]["data"]["status"] == "state" for answer in refused)
        daemon.send("io.interrupt")
        rest = [daemon.hear() for _ in range(1024 + 2)]
        assert run_id in {answer["id"] for answer in rest}
