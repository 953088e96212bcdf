"""What runs in the processes of a cluster of one's own: a scheduler, or a worker.

Both speak on this machine's loopback interface only, and end with the driver that started them.
"""

import asyncio
from pathlib import Path
from typing import Any

from paramsrun.evaluators.cluster.security import Certificates
from paramsrun.evaluators.worker import end_with_driver

LOOPBACK = "127.0.0.1"


def main(part: str, *arguments: str) -> None:
    """Be a part of a cluster until the driver ends."""
    end_with_driver()
    asyncio.run(_schedule(*arguments) if part == "scheduler" else _work(*arguments))


async def _schedule(retries: str, *files: str) -> None:
    """Schedule; tell the address on standard output."""
    import dask
    from distributed import Scheduler

    dask.config.set({"distributed.scheduler.allowed-failures": int(retries)})
    security = _security(files)
    async with Scheduler(
        host=LOOPBACK,
        port=0,
        protocol="tls://" if security else "tcp://",
        security=security,
        dashboard=False,
        dashboard_address=f"{LOOPBACK}:0",
    ) as scheduler:
        print(scheduler.address, flush=True)
        await scheduler.finished()


async def _work(address: str, folder: str, *files: str) -> None:
    """Compute, one point at a time; memory is watched elsewhere (`Host`)."""
    from distributed import Worker

    async with Worker(
        address,
        nthreads=1,
        host=LOOPBACK,
        security=_security(files),
        local_directory=folder,
        memory_limit=0,
        dashboard_address=f"{LOOPBACK}:0",
    ) as worker:
        await worker.finished()


def _security(files: tuple[str, ...]) -> Any:
    return Certificates(*map(Path, files)).security() if files else None
