"""IO of a driver by raw calls: a small host that keeps to the rules, but for what a check breaks.

It has a driver of its own (`Subject.instance`), so it may hand over any buffer at any sample time,
and sees what came of each.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lab.host import probe_calls as calls
from lab.host.probe import Instance
from lab.host.probe_calls import Cycle, Samples
from lab.host.probe_models import CallResult, OperationResult, WillResult
from lab.validate.check import Unmet
from lab.validate.raw_devices import RawDevice, RawStream

READ, WRITE = "read", "rite"
INPUT_OPERATIONS = (READ, "cinp", "pinp")
OUTPUT_OPERATIONS = ("pout", "mixo", "pmix", "cmix", WRITE)
"""In the order of a cycle. ``"thrd"`` and ``"cycl"`` begin and end, and are never done."""
CLIENT = 1
_START_S = 0.5
"""How long IO has run when the first cycle comes: every input time is positive then."""


class RawIO:
    """IO of one device.

    Parameters
    ----------
    driver, device
        Whose.
    lead_frames
        How far what is written lies ahead of now, and what is read behind it, beside the safety
        offsets: at least the frames of the largest cycle. It does not depend on the size of a
        cycle, so that what is written has no gaps when that changes.

    Attributes
    ----------
    driver, device
        As above.
    position
        Now, as a sample time of the device.
    """

    def __init__(self, driver: Instance, device: RawDevice, lead_frames: int = 512) -> None:
        self.driver = driver
        self.device = device
        self.lead_frames = lead_frames
        self.position = 0
        self._counter = 0
        info = driver.host.info()
        self._timebase = info.timebase
        self._now_ns = info.now_ns
        self._began = (0, 0)  # position, nanoseconds
        self._will: dict[int, frozenset[str]] = {}
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
        added = self.driver.add_client(self.device.object_id, client)
        self._must(added, f"AddDeviceClient of client {client}")
        asked = (*INPUT_OPERATIONS, *OUTPUT_OPERATIONS, "thrd", "cycl")
        self._will[client] = frozenset(
            operation for operation in asked if is_offered(self.offer(operation, client))
        )

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
        number, is_first = self.device.object_id, not self._running
        if client not in self._will:
            self.add(client)
        status = self.driver.start_io(number, client)
        self._must(status, f"StartIO of client {client}")
        self._running.add(client)
        if "thrd" in self._will[client]:
            call = calls.begin_operation(number, client, "thrd", 0, self.cycle(0))
            self.driver.call(call, CallResult)
        if is_first:
            self._find_now(client)

    def stop(self, client: int = CLIENT) -> None:
        """Stop its IO; after the last one the next start begins anew.

        Raises
        ------
        Unmet
            When it is refused.
        """
        number = self.device.object_id
        self._end_cycle()
        if "thrd" in self._will[client]:
            call = calls.end_operation(number, client, "thrd", 0, self.cycle(0))
            self.driver.call(call, CallResult)
        status = self.driver.stop_io(number, client)
        self._must(status, f"StopIO of client {client}")
        self._running.discard(client)

    def does(self, operation: str, client: int = CLIENT) -> bool:
        """Whether the driver has said that it does it."""
        return operation in self._will[client]

    def _must(self, answer: CallResult, what: str) -> None:
        if not answer.ok:
            raise Unmet(f"{self.device}: {what} answered {answer.status_text}")

    # ---- time --------------------------------------------------------------------------------

    def _find_now(self, client: int) -> None:
        self._pass(round(_START_S * 1e9))
        zero = self.driver.zero_timestamp(self.device.object_id, client)
        numerator, denominator = self._timebase
        sample, ticks = zero.sample_time, zero.host_time
        self.position = 0
        if zero.ok and sample is not None and ticks is not None and math.isfinite(sample):
            elapsed_ns = self._now_ns - ticks * numerator / denominator
            self.position = round(sample + elapsed_ns * self.device.rate / 1e9)
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
        due_ns = self._began[1] + round(elapsed_frames / self.device.rate * 1e9)
        self._pass(max(1, due_ns - self._now_ns))

    def _begin_cycle(self, client: int, frames: int, cycle: Cycle) -> None:
        """Once in each, and only for those who want to know."""
        if "cycl" in self._will[client] and client not in self._begun:
            number = self.device.object_id
            call = calls.begin_operation(number, client, "cycl", frames, cycle)
            self.driver.call(call, CallResult)
            self._begun[client] = frames

    def _end_cycle(self) -> None:
        for client, frames in self._begun.items():
            number = self.device.object_id
            call = calls.end_operation(number, client, "cycl", frames, self.cycle(frames))
            self.driver.call(call, CallResult)
        self._begun.clear()

    def elapsed_frames(self, nanoseconds: int) -> int:
        """How far the time line goes on in so many nanoseconds and a start."""
        return round((nanoseconds + _START_S * 1e9) / 1e9 * self.device.rate)

    @property
    def input_time(self) -> int:
        """Sample time of the first frame that is read now."""
        return self.position - self.lead_frames - self.device.safety[0]

    @property
    def output_time(self) -> int:
        """Sample time of the first frame that is written now."""
        return self.position + self.lead_frames + self.device.safety[1]

    def cycle(self, frames: int) -> Cycle:
        """What the driver is told of this cycle."""
        numerator, denominator = self._timebase
        frame_ticks = 1e9 / self.device.rate * denominator / numerator
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
            As in `Instance.do_operation`.
        main, secondary
            Fillings are of as many channels as the stream has; ``"counter"`` begins with the
            number of the first frame's sample time.
        give_data
            Whether the samples are wanted.
        """
        cycle = self.cycle(frames)
        number = self.device.object_id
        self._begin_cycle(client, frames, cycle)
        self.driver.call(
            calls.begin_operation(number, client, operation, frames, cycle), CallResult
        )
        result = self.driver.do_operation(
            number,
            stream.object_id,
            client,
            operation,
            frames,
            cycle=cycle,
            main=main,
            secondary=secondary,
            channels=stream.channels,
            first_frame=self.input_time if stream.is_input else self.output_time,
            give_data=give_data,
        )
        self.driver.call(calls.end_operation(number, client, operation, frames, cycle), CallResult)
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
