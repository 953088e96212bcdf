"""The driver's line to a scheduler: dask's client, in a thread of its own."""

import asyncio
import logging
import pickle
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple
from uuid import uuid4

from distributed import Client
from distributed.client import FutureCancelledError, FuturesCancelledError
from distributed.comm import CommClosedError
from distributed.scheduler import KilledWorker

from paramsrun.errors import RunError
from paramsrun.evaluators.cluster.host import Host, compute
from paramsrun.evaluators.cluster.order import (
    Chunk,
    Computed,
    Order,
    Unfit,
    objection,
    versions_here,
)
from paramsrun.evaluators.messages import Over

CONNECT_S = 30.0
INTRODUCE_S = 120.0
"""So much time have the workers that are there to say what they are, all at once."""
COUNT_S = 0.5
"""Workers are counted so often; those that join get points from then on."""
CLOSE_S = 2.0


class Workers(NamedTuple):
    """What the scheduler has now."""

    n_threads: Mapping[str, int]
    """By the address of each."""


class Killed(NamedTuple):
    """Workers died over a chunk, as often as the scheduler allows."""

    reason: str


class Failed(NamedTuple):
    """A chunk could not be computed for another reason."""

    reason: str


class Lost(NamedTuple):
    """The scheduler is there no more."""

    reason: str


Answer = Computed | Unfit | Over | Killed | Failed
Message = tuple[int, Answer] | Workers | Lost


class Connection:
    """Sends chunks, and queues what comes back; its thread ends with `close`.

    Parameters
    ----------
    order
        What workers are to compute; dask hands it to those that join later, too.

    Raises
    ------
    RunError
        Where no scheduler answers, or workers that are there have other versions.
    """

    def __init__(self, address: str, order: Order, security: Any) -> None:
        self.address = address
        self._order = order
        self._security = security
        self._name = f"paramsrun-{uuid4().hex}"
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self._begun: Future[None] = Future()
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        # What dask leaves undone when a line is cut is told here in other words.
        self._loop.set_exception_handler(lambda loop, context: None)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closing = asyncio.Event()
        self._thread = threading.Thread(target=self._live, name="dask client", daemon=True)
        self._thread.start()
        try:
            self._begun.result()
        except BaseException:
            self.close()
            raise

    def send(self, number: int, chunk: Chunk, only: tuple[str, ...] | None) -> None:
        """Have a chunk computed; where only is given, by one of these workers if one is left."""
        self._loop.call_soon_threadsafe(self._begin, number, chunk, only)

    def receive(self, seconds: float) -> Message | None:
        """Wait for a message; None where there was none in that time."""
        try:
            return self._messages.get(timeout=seconds) if seconds > 0 else self._messages.get(False)
        except Empty:
            return None

    def close(self) -> None:
        """Give up what is under way and disconnect, within seconds; may be called again."""
        if self._thread.is_alive():
            with suppress(RuntimeError):  # it ends by itself at this moment
                self._loop.call_soon_threadsafe(self._is_closing.set)
            self._thread.join()

    def _live(self) -> None:
        with _quiet(), self._runner:
            self._runner.run(self._talk())

    async def _talk(self) -> None:
        self._client = Client(
            self.address,
            asynchronous=True,
            timeout=CONNECT_S,
            set_as_default=False,
            security=self._security,
            name="paramsrun",
        )
        meeting = asyncio.create_task(self._meet())
        leaving = asyncio.create_task(self._is_closing.wait())
        await asyncio.wait((meeting, leaving), return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        if not meeting.done():
            meeting.cancel()
            self._begun.cancel()
        elif (error := meeting.exception()) is not None:
            self._begun.set_exception(_told(error))
        else:
            self._begun.set_result(None)
            await self._stay()
        await self._leave()

    async def _meet(self) -> None:
        try:
            await self._client
        except (OSError, ValueError, TypeError) as error:
            reason = f"No dask scheduler answers at {self.address} (Evaluator): {error}"
            raise RunError(reason) from error
        await asyncio.wait_for(self._introduce(), INTRODUCE_S)

    async def _introduce(self) -> None:
        """Compare versions with the workers that are there, and give the order to all."""
        found = await self._client.run(versions_here, on_error="return")
        for address, versions in found.items():
            reason = (
                f"it cannot begin: {type(versions).__name__}: {versions}"
                if isinstance(versions, BaseException)
                else objection(self._order.versions, versions)
            )
            if reason is not None:
                raise RunError(unfit(address, reason))
        await self._client.register_plugin(Host(self._name, self._order), name=self._name)

    async def _stay(self) -> None:
        """Count workers now and then, until this is to end or the scheduler is gone."""
        while not self._is_closing.is_set():
            try:
                threads = await asyncio.wait_for(self._client.scheduler.ncores(), CONNECT_S)
            except (OSError, TimeoutError, CommClosedError) as error:
                self._messages.put(Lost(str(error)))
                return
            self._messages.put(Workers(threads))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_closing.wait(), COUNT_S)

    async def _leave(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        with suppress(Exception):
            if self._client.status == "running":
                away = self._client.unregister_worker_plugin(self._name)
                await asyncio.wait_for(away, CLOSE_S)
        with suppress(Exception):
            await asyncio.wait_for(self._client.close(timeout=CLOSE_S), 2 * CLOSE_S)

    def _begin(self, number: int, chunk: Chunk, only: tuple[str, ...] | None) -> None:
        task = self._loop.create_task(self._computed(number, chunk, only))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _computed(self, number: int, chunk: Chunk, only: tuple[str, ...] | None) -> None:
        """Queue what becomes of a chunk. A result is released at once: were it kept, it would be
        computed again whenever its worker ends."""
        future = self._client.submit(
            compute,
            self._name,
            pickle.dumps(chunk, pickle.HIGHEST_PROTOCOL),
            key=f"{self._name}-{number}",
            pure=False,
            workers=only,
            allow_other_workers=only is not None,
        )
        try:
            self._messages.put((number, pickle.loads(await future)))
        except (FutureCancelledError, FuturesCancelledError):
            self._messages.put(Lost("the connection ended"))
        except asyncio.CancelledError:
            raise
        except KilledWorker as error:
            self._messages.put((number, Killed(f"the worker {error.last_worker.address} ended")))
        except Exception as error:
            self._messages.put((number, Failed(f"{type(error).__name__}: {error}")))
        finally:
            if not self._is_closing.is_set():
                future.release()


_TALKATIVE = ("batched", "client", "comm", "comm.tcp", "core", "utils")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep dask's client from telling in its own way what is told here: that a line is cut."""
    loggers = [logging.getLogger(f"distributed.{part}") for part in _TALKATIVE]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def unfit(address: str, reason: str) -> str:
    """Return the message for a worker that cannot compute."""
    return f"The dask worker {address} cannot compute for this job (Evaluator): {reason}"


def _told(error: BaseException) -> RunError:
    if isinstance(error, RunError):
        return error
    return RunError(
        f"A dask worker cannot take the job (Evaluator): {type(error).__name__}: {error}"
    )
