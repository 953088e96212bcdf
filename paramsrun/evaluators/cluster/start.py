"""From the block Evaluator to a cluster in use."""

import json
from pathlib import Path
from time import monotonic, sleep

from paramsrun.errors import RunError, UsageError
from paramsrun.evaluators.cluster.connection import Connection
from paramsrun.evaluators.cluster.evaluator import LOG, Dask
from paramsrun.evaluators.cluster.order import Order, versions_here
from paramsrun.evaluators.cluster.own import OwnCluster
from paramsrun.evaluators.cluster.security import Certificates
from paramsrun.evaluators.cluster.sources import sources_of
from paramsrun.evaluators.contract import Evaluates
from paramsrun.evaluators.processes import pickled
from paramsrun.settings.running import Evaluator

PATIENCE_S = 60.0
"""A scheduler's file may appear so much later: both may have been started at once."""
_GLANCE_S = 0.1


def start(problem: Evaluates, settings: Evaluator, n_here: int, threads: int, folder: Path) -> Dask:
    """Return an evaluator on the cluster that the settings name, or on one of its own.

    Parameters
    ----------
    n_here
        The workers of a cluster of its own.
    threads
        Of each worker's linear algebra; -1 leaves that to the environment.
    folder
        Where the files are that the settings name.

    Raises
    ------
    UsageError, RunError
        Where a file is not there, or the cluster cannot be used.
    """
    order = Order(
        pickled(problem, settings.memory).data,
        versions_here(),
        sources_of(problem),
        settings.timeout,
        settings.memory,
        settings.retries,
        threads,
    )
    certificates = _certificates(settings, folder)
    security = None if certificates is None else certificates.security()
    if settings.address is None and settings.scheduler_file is None:
        own = OwnCluster(n_here, settings.retries, certificates)
        LOG.info("Evaluations run on %d dask workers of this machine", n_here)
        try:
            return Dask(Connection(own.address, order, security), 0, settings.retries, own)
        except BaseException:
            own.close()
            raise
    address = settings.address or _told_in(folder / (settings.scheduler_file or ""))
    LOG.info("Evaluations run on the workers of the dask scheduler %s", address)
    return Dask(Connection(address, order, security), settings.workers, settings.retries)


def _certificates(settings: Evaluator, folder: Path) -> Certificates | None:
    given = {
        "TLSCAFile": settings.tls_ca_file,
        "TLSCertificate": settings.tls_certificate,
        "TLSKey": settings.tls_key,
    }
    paths = {key: folder / name for key, name in given.items() if name is not None}
    for key, path in paths.items():
        if not path.is_file():
            raise UsageError(f"Evaluator%{key}: there is no file {path}")
    return Certificates(*paths.values()) if paths else None


def _told_in(file: Path) -> str:
    """Return the address in a scheduler's file, which may have yet to be written."""
    until = monotonic() + PATIENCE_S
    if not file.exists():
        LOG.info("Waiting for %s up to %g s (Evaluator%%SchedulerFile)", file, PATIENCE_S)
    while True:
        try:
            return str(json.loads(file.read_text())["address"])
        except FileNotFoundError:
            wrong = "is not there"
        except (OSError, ValueError, TypeError, KeyError) as error:
            wrong = f"cannot be read ({type(error).__name__}: {error})"
        if monotonic() > until:
            raise RunError(
                f"Evaluator%SchedulerFile: {file} {wrong}; start a scheduler by "
                f"`dask scheduler --scheduler-file {file.name}`"
            )
        sleep(_GLANCE_S)
