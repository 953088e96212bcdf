"""The optimizers of nevergrad (Rapin & Teytaud 2018, github.com/facebookresearch/nevergrad)."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.errors import UsageError
from paramsrun.optimizers import nevergrad_library
from paramsrun.optimizers.contract import Ended, Proposer
from paramsrun.optimizers.lent_generator import LentGenerator, random_state
from paramsrun.optimizers.nevergrad_threads import Threads, Unfit
from paramsrun.optimizers.quiet import Quiet
from paramsrun.optimizers.reasons import failure, finished, one_line
from paramsrun.optimizers.seeds import seed_in, seed_mistakes, without_seed
from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import free, key
from paramsrun.settings.parameter_types import round_integers

_log = logging.getLogger(__name__)


@optimizers.member("Nevergrad")
@dataclass(frozen=True, kw_only=True)
class Nevergrad:
    """Any optimizer of the library nevergrad, by its name in nevergrad's registry.

    The library is an extra: pip install 'paramsrun[nevergrad]'. The initial point is the centre of
    the search; whether it is a candidate, the algorithm decides. A sixth of each scaled range is
    nevergrad's first standard deviation. CMA, DE, ES, EMNA, PSO, TBPSA, OnePlusOne and their
    variants learn from a better point that another optimizer found; it shows from the batch after
    the next on. Those that run others inside, such as NGOpt and chains, take no offers.

    Algorithms whose random numbers or times cannot be repeated are refused, since they could not
    resume exactly. Some need further libraries, which their message names.
    """

    library: ClassVar[str] = "nevergrad"

    algorithm: str = key(
        "TBPSA",
        doc="Name in nevergrad's registry, such as NGOpt, CMA, TBPSA, TwoPointsDE, PSO, OnePlusOne "
        "or Cobyla.",
    )
    budget: int = key(
        1000,
        at_least=1,
        doc="Evaluations to make; then it has converged. Many algorithms choose their strategy by "
        "it, and have no other end.",
    )
    num_workers: int = key(
        1,
        at_least=1,
        doc="Candidates asked for at a time, which may be evaluated side by side; nevergrad's "
        "num_workers.",
    )
    round_integers: bool = round_integers()
    settings: Mapping[str, Any] = free(
        doc="Options of the algorithm by nevergrad's names, such as `popsize 40` of DE; and "
        "`seed`, which decides the candidates where it is given."
    )

    @property
    def random_seed(self) -> int | None:
        """The seed given among the settings."""
        return seed_in(self.settings)

    @property
    def options(self) -> dict[str, Any]:
        """The settings without the seed."""
        return without_seed(self.settings)

    def mistakes(self) -> Iterable[str]:
        """Yield what is wrong with the settings, one sentence each."""
        yield from seed_mistakes(self.settings)
        if not nevergrad_library.is_installed():
            yield nevergrad_library.missing(self.algorithm)
        elif self.options or self.num_workers > 1 or self.algorithm != Nevergrad.algorithm:
            yield from nevergrad_library.algorithm_mistakes(
                self.algorithm, self.options, self.budget, self.num_workers
            )

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> Proposer:
        """Return a proposer of NumWorkers candidates at a time."""
        return _Asked(self, bounds, x0, rng)


class _Asked:
    """A running optimizer of nevergrad.

    The next batch is asked for as soon as the last one was told, so that what goes wrong is known
    then. The losses of the last batch are not told, for nothing would be asked after them.
    """

    def __init__(
        self, settings: Nevergrad, bounds: Matrix, x0: Vector, rng: np.random.Generator
    ) -> None:
        self.ended: Ended | None = None
        self.takes_offers = False
        self._how = settings
        self._lower, self._upper = np.array(bounds).T
        self._n_told = 0
        self._was_finite = False
        self._asked: list[Any] = []
        self._optimizer: Any = None
        self._error: Exception | None = None
        self._threads = Threads()
        self._quiet = Quiet()
        state = random_state(rng)
        self._generator = LentGenerator(random_state(rng))
        with self._nevergrad():
            self._optimizer = nevergrad_library.made(
                settings.algorithm,
                settings.options,
                (np.array(bounds), np.array(x0)),
                state,
                settings.budget,
                settings.num_workers,
            )
            self.takes_offers = nevergrad_library.learns(self._optimizer)
            self._ask()
        self._note_error()

    def ask(self) -> Matrix:
        """Return the candidates that nevergrad waits for."""
        x: Matrix = np.array([candidate.value for candidate in self._asked])
        return np.clip(x, self._lower, self._upper, out=x)

    def tell(self, x: Matrix, fx: Vector) -> None:
        """Tell nevergrad the losses, and ask for the next batch."""
        self._n_told += len(fx)
        self._was_finite = self._was_finite or bool(np.isfinite(fx).any())
        if self._n_told >= self._how.budget:
            self.ended = self._end()
            return
        with self._nevergrad():
            for candidate, loss in zip(self._asked, fx.tolist(), strict=True):
                self._optimizer.tell(candidate, loss)
                self._threads.settle()
            self._ask()
        self._note_error()

    def inject(self, x: Vector, fx: float) -> None:
        """Tell nevergrad of a point that it did not ask for."""
        if not self.takes_offers:
            return
        with self._nevergrad():
            inside = np.clip(x, self._lower, self._upper)
            candidate = self._optimizer.parametrization.spawn_child(new_value=inside)
            self._optimizer.tell(candidate, float(fx))
        if self._error is not None:
            _log.debug("nevergrad takes no offer", exc_info=self._error)
            self.takes_offers, self._error = False, None

    def close(self) -> None:
        """End the threads of nevergrad, if there are any."""
        with self._nevergrad():
            self._threads.close()
        self._optimizer = None
        self._asked = []

    def _ask(self) -> None:
        self._asked = []
        for _ in range(min(self._how.num_workers, self._how.budget - self._n_told)):
            self._asked.append(self._optimizer.ask())
            self._threads.note()

    @contextmanager
    def _nevergrad(self) -> Iterator[None]:
        """Run code of nevergrad's; what it raises is kept."""
        try:
            with self._quiet, nevergrad_library.steady_pycma():  # noqa: SIM117
                with self._generator.lent(), self._threads.noted():
                    yield
        except UsageError:
            raise
        except Exception as error:
            self._error = error

    def _note_error(self) -> None:
        error = self._error
        if isinstance(error, Unfit):
            self.ended = Ended("failed", one_line(f"{self._how.algorithm}: {error}"))
        elif error is not None:
            self.ended = failure(nevergrad_library.explained(error), "nevergrad")

    def _end(self) -> Ended:
        reason = f"all {self._how.budget} evaluations of Budget made"
        return finished(reason, self._was_finite)
