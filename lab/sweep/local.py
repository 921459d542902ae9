"""Processes of this machine, each on a pipe of its own.

`concurrent.futures` gives up on all tasks when one worker dies. Pools that share one queue among
workers lose the task of a worker that dies between taking it and saying so. Here the parent knows
what each worker has, since it has sent it: when the worker dies, at whatever moment, the task goes
to another one, unless its result has arrived.
"""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
import signal
import tempfile
from collections import Counter, deque
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from lab.errors import LabError, MissingError
from lab.sweep.perform import Done, fingerprint_here, perform
from lab.sweep.pool import DEATHS_MAX, Pool
from lab.sweep.task import Task

_ENDING_S = 10.0
_HOPELESS = 10
"""So many deaths in a row, and no result in between: nothing will come of the next one either."""


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    task: Task | None = None


class LocalPool(Pool):
    """Workers on this machine.

    Parameters
    ----------
    jobs
        How many.

    Attributes
    ----------
    pids
        Of the workers that live.
    deaths
        Workers that have died.
    """

    def __init__(self, jobs: int) -> None:
        self._context = multiprocessing.get_context("spawn")
        # What a worker that was killed leaves in its folder goes with this one.
        self._folder = tempfile.mkdtemp(prefix="hal-lab-sweep-")
        self._waiting: deque[Task] = deque()
        self._deaths: Counter[str] = Counter()
        self._in_a_row = 0
        self.deaths = 0
        self._workers: list[_Worker] = []
        try:
            for _ in range(jobs):
                self._workers.append(self._start())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the workers, whatever they do. May be called twice."""
        for worker in self._workers:
            worker.pipe.close()  # a worker that waits ends by that, a busy one behind its run
            if worker.task is not None:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(_ENDING_S)
            if worker.process.exitcode is None:
                worker.process.kill()
                worker.process.join()
        self._workers = []
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def capacity(self) -> int:
        """One for each worker: a run takes far longer than the way to it."""
        return len(self._workers)

    @property
    def pids(self) -> list[int]:
        """Of the workers."""
        return [worker.process.pid or 0 for worker in self._workers]

    def fingerprint(self, driver: str) -> str:
        """Of the driver on this machine."""
        sha256, why = fingerprint_here(driver)
        if not sha256:
            raise MissingError(why)
        return sha256

    def submit(self, task: Task) -> None:
        """Give it to a worker, or keep it until one has time."""
        self._waiting.append(task)
        self._hand_out()

    def take(self, timeout_s: float) -> list[Done]:
        """What has come back."""
        busy: dict[Any, _Worker] = {w.pipe: w for w in self._workers}
        busy |= {w.process.sentinel: w for w in self._workers}
        ready = wait(list(busy), timeout_s)
        found = []
        for worker in dict.fromkeys(busy[thing] for thing in ready):
            done = self._hear(worker, has_ended=worker.process.sentinel in ready)
            if done is not None:
                found.append(done)
        self._hand_out()
        return found

    # ---- inside ------------------------------------------------------------------------------

    def _start(self) -> _Worker:
        mine, its = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(its, self._folder), name="hal-lab sweep", daemon=True
        )
        process.start()
        its.close()  # else the pipe would not end with the worker
        return _Worker(process, mine)

    def _hand_out(self) -> None:
        for worker in self._workers:
            if not self._waiting:
                return
            if worker.task is None:
                task = self._waiting.popleft()
                try:
                    worker.pipe.send(task)
                except OSError:
                    self._waiting.appendleft(task)  # it has died, which `take` finds
                else:
                    worker.task = task

    def _hear(self, worker: _Worker, *, has_ended: bool) -> Done | None:
        """What a worker says, or that it has died."""
        try:
            done: Done | None = worker.pipe.recv() if worker.pipe.poll() else None
        except (EOFError, OSError, pickle.UnpicklingError):
            return self._bury(worker)
        if done is not None:
            worker.task = None
            self._in_a_row = 0
            return done
        return self._bury(worker) if has_ended else None

    def _bury(self, worker: _Worker) -> Done | None:
        """Its task goes to another one, unless it has cost too many workers already."""
        task = worker.task
        worker.pipe.close()
        worker.process.kill()
        worker.process.join()
        code = worker.process.exitcode or 0
        how = signal.Signals(-code).name if code < 0 else f"status {code}"
        self.deaths += 1
        self._in_a_row += 1
        if self._in_a_row >= _HOPELESS:
            raise LabError(
                f"{self._in_a_row} workers have died one after the other, the last one of {how}",
                do="see that there is memory enough, or name fewer --jobs",
            )
        self._workers[self._workers.index(worker)] = self._start()
        if task is None:
            return None
        self._deaths[task.id] += 1
        if self._deaths[task.id] < DEATHS_MAX:
            self._waiting.appendleft(task)
            return None
        return Done(task.id, error=f"its worker died {DEATHS_MAX} times, the last time of {how}")


def _work(pipe: Connection, folder: str) -> None:
    """A worker: one task after the other, until nobody is at the other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    tempfile.tempdir = folder
    try:
        while True:
            pipe.send(perform(pipe.recv()))
    except (EOFError, OSError):
        # The parent has ended, or was killed: then nobody else removes it.
        shutil.rmtree(folder, ignore_errors=True)
