"""IO of a driver by raw calls: a small host that keeps to the rules, but for what a check breaks.

It has a driver of its own (`Subject.instance`), so it may hand over any buffer at any sample time,
and sees what came of each.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from lab.host import probe_calls as calls
from lab.host.probe_calls import Call, Cycle, Samples
from lab.host.probe_models import CallResult, OperationResult, TimestampResult, WillResult
from lab.validate.check import Unmet
from lab.validate.raw.device import RawDevice, RawStream

READ, WRITE = "read", "rite"
INPUT_OPERATIONS = (READ, "cinp", "pinp")
OUTPUT_OPERATIONS = ("pout", "mixo", "pmix", "cmix", WRITE)
"""In the order of a cycle. ``"thrd"`` and ``"cycl"`` begin and end, and are never done."""
_ASKED = (*INPUT_OPERATIONS, *OUTPUT_OPERATIONS, "thrd", "cycl")
CLIENT = 1
_START_S = 0.5
"""How long IO has run when the first cycle comes: every input time is positive then."""
_END_OF_TIME = 2**53
"""Frames: sample times beyond it are not exact. A time line out there is not followed."""

Use = Literal["both", "input", "output"]
"""Which streams of a device are in use: a host leaves out the others."""

_R = TypeVar("_R", bound=CallResult)


class RawIO:
    """IO of one device.

    Parameters
    ----------
    device
        Whose.
    lead_frames
        How far what is written lies ahead of now, and what is read behind it, beside the safety
        offsets: at least the frames of the largest cycle. It does not depend on the size of a
        cycle, so that what is written has no gaps when that changes.
    told
        Given the result of each call that a host makes on its IO thread.

    Attributes
    ----------
    driver, device
        As above.
    position
        Now, as a sample time of the device.
    """

    def __init__(
        self,
        device: RawDevice,
        lead_frames: int = 512,
        *,
        told: Callable[[CallResult], object] = lambda _: None,
    ) -> None:
        self.driver = driver = device.driver
        self.device = device
        self.lead_frames = lead_frames
        self.position = 0
        self._told = told
        self._rate, self._safety = device.rate, device.safety  # as they are before IO
        self._counter = 0
        info = driver.host.info()
        self._timebase = info.timebase
        self._now_ns = info.now_ns
        self._began = (0, 0)  # position, nanoseconds
        self._will: dict[int, dict[str, WillResult]] = {}  # what it does, by client
        self._running: set[int] = set()
        self._begun: dict[int, int] = {}  # frames of the cycle that is under way, by client

    # ---- clients -----------------------------------------------------------------------------

    def add(self, client: int = CLIENT) -> None:
        """Add a client, and ask what the driver does for it.

        Raises
        ------
        Unmet
            When it is refused.
        """
        self._must("AddDeviceClient", client)
        self.ask(client)

    def ask(self, client: int = CLIENT) -> None:
        """Ask what the driver does for a client that is there."""
        answers = {one: self.offer(one, client) for one in _ASKED}
        self._will[client] = {one: said for one, said in answers.items() if is_offered(said)}

    def offer(self, operation: str, client: int = CLIENT) -> WillResult:
        """WillDoIOOperation."""
        return self.driver.will_do(self.device.object_id, client, operation)

    def start(self, client: int = CLIENT) -> None:
        """Add a client that is not there and start its IO; the first one's is half a second old.

        Raises
        ------
        Unmet
            When it is refused.
        """
        is_first = not self._running
        if client not in self._will:
            self.add(client)
        self._must("StartIO", client)
        self._running.add(client)
        if "thrd" in self._will[client]:
            self._begin("thrd", client, 0, self.cycle(0))
        if is_first:
            self._find_now(client)

    def stop(self, client: int = CLIENT) -> None:
        """Stop its IO; after the last one the next start begins anew.

        Raises
        ------
        Unmet
            When it is refused.
        """
        self._end_cycle()
        if "thrd" in self._will[client]:
            self._end("thrd", client, 0, self.cycle(0))
        self._must("StopIO", client)
        self._running.discard(client)

    def does(self, operation: str, client: int = CLIENT) -> bool:
        """Whether the driver has said that it does it."""
        return operation in self._will[client]

    def does_in_place(self, operation: str, client: int = CLIENT) -> bool:
        """Whether it does that, which it does, in one buffer."""
        return bool(self._will[client][operation].in_place)

    def _must(self, function: str, client: int) -> None:
        answer = self.device.call(function, client)
        if not answer.ok:
            raise Unmet(
                f"{self.device}: {function} of client {client} answered {answer.status_text}"
            )

    # ---- time --------------------------------------------------------------------------------

    def zero_timestamp(self, client: int = CLIENT) -> TimestampResult:
        """GetZeroTimeStamp."""
        return self._call(calls.zero_timestamp(self.device.object_id, client), TimestampResult)

    def _find_now(self, client: int) -> None:
        self._pass(round(_START_S * 1e9))
        zero = self.zero_timestamp(client)
        numerator, denominator = self._timebase
        sample, ticks = zero.sample_time, zero.host_time
        self.position = 0
        if zero.ok and sample is not None and ticks is not None and math.isfinite(sample):
            elapsed_ns = self._now_ns - ticks * numerator / denominator
            position = round(sample + elapsed_ns * self._rate / 1e9)
            self.position = position if 0 <= position < _END_OF_TIME else 0
        self._began = (self.position, self._now_ns)
        self._counter = 1

    def _pass(self, nanoseconds: int) -> None:
        self.driver.host.advance(nanoseconds)
        self._now_ns = self.driver.host.info().now_ns

    def step(self, frames: int) -> None:
        """End a cycle: so many frames of time pass."""
        self._end_cycle()
        self.position += frames
        self._counter += 1
        elapsed_frames = self.position - self._began[0]
        due_ns = self._began[1] + round(elapsed_frames / self._rate * 1e9)
        self._pass(max(1, due_ns - self._now_ns))

    def _begin_cycle(self, client: int, frames: int, cycle: Cycle) -> None:
        """Once in each, and only for those who want to know."""
        if "cycl" in self._will[client] and client not in self._begun:
            self._begin("cycl", client, frames, cycle)
            self._begun[client] = frames

    def _end_cycle(self) -> None:
        for client, frames in self._begun.items():
            self._end("cycl", client, frames, self.cycle(frames))
        self._begun.clear()

    def elapsed_frames(self, nanoseconds: int) -> int:
        """How far the time line goes on in so many nanoseconds and a start."""
        return round((nanoseconds + _START_S * 1e9) / 1e9 * self._rate)

    @property
    def input_time(self) -> int:
        """Sample time of the first frame that is read now."""
        return self.position - self.lead_frames - self._safety[0]

    @property
    def output_time(self) -> int:
        """Sample time of the first frame that is written now."""
        return self.position + self.lead_frames + self._safety[1]

    def cycle(self, frames: int) -> Cycle:
        """What the driver is told of this cycle."""
        numerator, denominator = self._timebase
        frame_ticks = 1e9 / self._rate * denominator / numerator
        now_ticks = round(self._now_ns * denominator / numerator)

        def at(sample: int) -> tuple[float, int]:
            away_ticks = (sample - self.position) * frame_ticks
            return float(sample), max(0, now_ticks + round(away_ticks))

        return Cycle(
            counter=self._counter,
            current=at(self.position),
            input=at(self.input_time),
            output=at(self.output_time),
            nominal_frames=frames,
            ticks_per_frame=frame_ticks,
        )

    # ---- operations --------------------------------------------------------------------------

    def do(
        self,
        operation: str,
        stream: RawStream,
        frames: int,
        *,
        main: Samples,
        client: int = CLIENT,
        secondary: Samples = None,
        give_data: bool = False,
    ) -> OperationResult:
        """BeginIOOperation, DoIOOperation, EndIOOperation, at this cycle's times.

        Parameters
        ----------
        operation, stream, frames, client
            As in `probe_calls.do_operation`.
        main, secondary
            Fillings are of as many channels as the stream has; ``"counter"`` begins with the
            number of the first frame's sample time.
        give_data
            Whether the samples are wanted.
        """
        cycle = self.cycle(frames)
        self._begin_cycle(client, frames, cycle)
        self._begin(operation, client, frames, cycle)
        call = calls.do_operation(
            self.device.object_id,
            stream.object_id,
            client,
            operation,
            frames,
            cycle,
            main=main,
            secondary=secondary,
            channels=stream.channels,
            first_frame=self.input_time if stream.is_input else self.output_time,
            give_data=give_data,
        )
        result = self._call(call, OperationResult)
        self._end(operation, client, frames, cycle)
        return result

    def _begin(self, operation: str, client: int, frames: int, cycle: Cycle) -> None:
        number = self.device.object_id
        self._call(calls.begin_operation(number, client, operation, frames, cycle), CallResult)

    def _end(self, operation: str, client: int, frames: int, cycle: Cycle) -> None:
        number = self.device.object_id
        self._call(calls.end_operation(number, client, operation, frames, cycle), CallResult)

    def _call(self, call: Call, model: type[_R]) -> _R:
        """On the IO thread."""
        result = self.driver.call(call, model)
        self._told(result)
        return result

    def write(
        self, stream: RawStream, frames: int, main: Samples = "counter", client: int = CLIENT
    ) -> OperationResult:
        """WriteMix."""
        return self.do(WRITE, stream, frames, main=main, client=client)

    def read(
        self, stream: RawStream, frames: int, client: int = CLIENT
    ) -> tuple[OperationResult, NDArray[np.float32]]:
        """ReadInput of Float32.

        Returns
        -------
        OperationResult
            As it came.
        ndarray of float32, shape (frames, channels)
            What the buffer holds then.
        """
        result = self.do(
            READ, stream, frames, main=stream.room(frames), client=client, give_data=True
        )
        data = (result.main.data if result.main else None) or b""
        return result, np.frombuffer(data, dtype="<f4").reshape(-1, stream.channels)


def is_offered(answer: WillResult) -> bool:
    """Whether the driver has said yes."""
    return answer.ok and answer.will not in (None, False, 0)


def offered(io: RawIO, use: Use = "both") -> list[tuple[str, RawStream]]:
    """Each operation that a driver has said yes to, with each stream that it is for."""
    sides = (
        ("input", io.device.inputs, INPUT_OPERATIONS),
        ("output", io.device.outputs, OUTPUT_OPERATIONS),
    )
    return [
        (operation, stream)
        for side, streams, operations in sides
        if use in {side, "both"}
        for operation in operations
        if io.does(operation)
        for stream in streams
    ]


def run_io(
    device: RawDevice, *, cycles: int, frames: int = 512, use: Use = "both"
) -> list[CallResult]:
    """Add a client, start, do so many cycles in virtual time, stop, remove it.

    What is refused on the way is not this function's business: a client may be there already, after
    random calls, and its IO may start all the same.

    Returns
    -------
    list of CallResult
        Of the calls that a host makes on its IO thread, in their order; empty: StartIO is refused.
    """
    results: list[CallResult] = []
    io = RawIO(device, frames, told=results.append)
    device.call("AddDeviceClient", CLIENT)
    io.ask()
    with suppress(Unmet):
        io.start()
        steps = offered(io, use)
        for _ in range(cycles):
            io.zero_timestamp()
            for operation, stream in steps:
                is_heard = stream.is_float and not stream.is_input
                main: Samples = "counter" if is_heard else stream.room(frames)
                second = None if io.does_in_place(operation) else stream.room(frames)
                io.do(operation, stream, frames, main=main, secondary=second)
            io.step(frames)
        io.stop()
    device.call("RemoveDeviceClient", CLIENT)
    return results
