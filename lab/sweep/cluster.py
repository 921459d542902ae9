"""A cluster: the workers of a Dask scheduler.

What Dask does: a task whose worker is lost goes to another worker, up to a limit of its own.
What is done here: everything is bounded in time, and whatever ends is one line.

The workers need this hal-lab, and the driver under the name or path that the sweep says.
"""

from __future__ import annotations

import logging
import queue
import re
import time
import uuid
from typing import Any

from lab.errors import LabError, MissingError, UsageError, first_line
from lab.sweep.perform import Done, fingerprint_here, perform
from lab.sweep.pool import Pool
from lab.sweep.task import Task

WAIT_S = 10.0
"""For the scheduler, its first worker, and for a scheduler that went away to come back."""
GATHER_S = 120.0
"""For a result whose worker has gone: the run is made again."""
_RUNS_A_THREAD = 3
"""Are on their way to a worker: none waits for the next one."""
_LOOK_S = 5.0
_ADDRESS = re.compile(r"[a-z]+://\S+:\d{1,5}")
_LOUD = ("", ".client", ".comm", ".core", ".utils")


class ClusterPool(Pool):
    """The workers of a scheduler.

    Parameters
    ----------
    address
        ``"tcp://host:8786"``.
    wait_s
        As `WAIT_S`.

    Raises
    ------
    MissingError
        When `distributed` is not installed.
    UsageError
        When that is no address.
    LabError
        When the scheduler does not answer, or has no worker.
    """

    def __init__(self, address: str, *, wait_s: float = WAIT_S) -> None:
        distributed = _distributed()
        if not _ADDRESS.fullmatch(address):
            raise UsageError("no address", where=address, do="write tcp://HOST:8786")
        self._address, self._wait_s = address, wait_s
        self._name = uuid.uuid4().hex[:12]
        self._futures: dict[str, tuple[Task, Any]] = {}
        self._lost: list[Task] = []
        self._ended: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._threads, self._looked, self._silent_since = 1, 0.0, 0.0
        self._client: Any = None
        try:
            self._client = distributed.Client(address, timeout=wait_s, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise LabError(
                f"no scheduler answers within {wait_s:g} s",
                where=address,
                do="start one (dask scheduler), and name its address: tcp://HOST:8786",
            ) from error
        try:
            self._client.wait_for_workers(1, timeout=wait_s)
        except (OSError, TimeoutError) as error:
            self.close()
            raise LabError(
                f"the scheduler has no worker within {wait_s:g} s",
                where=address,
                do=f"start some: dask worker {address}",
            ) from error
        self._look()

    def close(self) -> None:
        """Forget what is under way there. May be called twice."""
        if self._client is None:
            return
        client, self._client = self._client, None
        futures = [future for _, future in self._futures.values()]
        self._futures = {}
        try:
            if futures and client.status == "running":
                client.cancel(futures, force=True)
            client.close(timeout=self._wait_s)
        except (OSError, TimeoutError):
            return  # a scheduler that has gone has forgotten it already

    @property
    def capacity(self) -> int:
        """So many that no worker waits."""
        return _RUNS_A_THREAD * self._threads

    def fingerprint(self, driver: str) -> str:
        """Of the driver, as one of the workers has it."""
        try:
            future = self._client.submit(fingerprint_here, driver, pure=False)
            sha256, why = future.result(timeout=6 * self._wait_s)
        except Exception as error:
            raise LabError(
                f"the workers cannot run this hal-lab ({first_line(error)})",
                where=self._address,
                do="install the same hal-lab there",
            ) from error
        if not sha256:
            raise MissingError(why)
        return str(sha256)

    def submit(self, task: Task) -> None:
        """Send it to the scheduler."""
        future = self._client.submit(
            perform, task, key=f"hal-lab-sweep-{self._name}-{task.id}", pure=False
        )
        self._futures[task.id] = (task, future)
        future.add_done_callback(lambda done, name=task.id: self._ended.put((name, done)))

    def take(self, timeout_s: float) -> list[Done]:
        """What has come back."""
        self._watch()
        if self._is_there:
            lost, self._lost = self._lost, []
            for task in lost:
                self.submit(task)
        found: list[Done] = []
        while True:
            try:
                name, future = self._ended.get(timeout=0.0 if found else timeout_s)
            except queue.Empty:
                return found
            done = self._done(name, future)
            if done is not None:
                found.append(done)

    def waiting_for(self) -> str:
        """Workers, when there is none."""
        return "" if self._threads else f"{self._address} has no worker now"

    # ---- inside ------------------------------------------------------------------------------

    def _done(self, name: str, future: Any) -> Done | None:
        """What came of a future; None: it was not the last word."""
        if name not in self._futures or self._futures[name][1] is not future:
            return None
        task = self._futures[name][0]
        if future.status in {"cancelled", "lost"}:
            # Of a scheduler that was away: `_watch` says when it does not come back.
            self._lost.append(task)
            return None
        try:
            done: Done = future.result(timeout=GATHER_S)
        except Exception as error:  # noqa: BLE001  (whatever a cluster answers with)
            if not self._is_there:
                self._lost.append(task)
                return None
            self._futures.pop(name)
            return Done(name, error=first_line(error))
        self._futures.pop(name)
        return done

    @property
    def _is_there(self) -> bool:
        return bool(self._client.status == "running")

    def _watch(self) -> None:
        """Raise when the scheduler has been away for too long; count workers now and then."""
        now = time.monotonic()
        if self._is_there:
            self._silent_since = 0.0
            if now - self._looked > _LOOK_S:
                self._look()
            return
        self._silent_since = self._silent_since or now
        if now - self._silent_since > self._wait_s:
            raise LabError(
                f"the scheduler has gone, and did not come back within {self._wait_s:g} s",
                where=self._address,
                do="start it, and run the same sweep again: what is done is not done twice",
            )

    def _look(self) -> None:
        self._looked = time.monotonic()
        try:
            self._threads = sum(self._client.nthreads().values())
        except (OSError, TimeoutError):
            self._threads = max(1, self._threads)


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise MissingError(
            "a sweep on a cluster needs Dask's distributed", do="pip install 'hal-lab[sweep]'"
        ) from error
    for name in _LOUD:
        logging.getLogger(f"distributed{name}").setLevel(logging.CRITICAL)  # it is told here
    return distributed
