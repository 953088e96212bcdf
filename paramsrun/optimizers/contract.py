"""What an optimizer is to the rest of the program.

An optimizer is a frozen settings class (a member of the family `optimizers`) whose `start` returns
a `Proposer`. A proposer's sequence of candidates depends on its settings, x0, bounds, random
stream, what it is told and what is injected: on nothing else. So it can be restored by replay: it
is started anew and told its own recorded results, batch by batch.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import numpy as np

from paramsrun.arrays import Matrix, Vector


class Ended(NamedTuple):
    """Why an optimizer ended by itself."""

    how: Literal["converged", "failed"]
    """``converged`` by its own criteria or by a limit that the user gave it, or ``failed``."""
    reason: str
    """One line for people, such as ``tolfun: 1e-11``."""


class Saved(NamedTuple):
    """The state that an optimizer of the user's wrote of itself."""

    n_told: int
    """The batches it had been told by then."""
    state: bytes


class Proposer(Protocol):
    """A running optimizer: it proposes batches of candidates and is told their losses.

    One that can write its own state has it in an attribute ``saved`` (a `Saved`, or None so far);
    its settings then have a method ``resume`` that goes on from there.
    """

    takes_offers: bool
    """Whether `inject` makes a difference to it."""

    @property
    def ended(self) -> Ended | None:
        """Why it ended, or None while it lives. Current after `start` and after each `tell`."""

    def ask(self) -> Matrix:
        """Return the next batch, (n_candidates, n_params), n_candidates >= 1, in scaled space.

        Called only while `ended` is None, and once for each `tell`. The array is the caller's.
        """

    def tell(self, x: Matrix, fx: Vector) -> None:
        """Take the losses (n_candidates,) of the batch just asked, in candidate order.

        A failed point has the loss inf, never nan. Neither array is changed.
        """

    def inject(self, x: Vector, fx: float) -> None:
        """Offer a better point found elsewhere; called between batches only."""

    def close(self) -> None:
        """Release what the proposer holds (a greenlet, a thread); it is not used again."""


class Optimizer(Protocol):
    """The settings of one optimizer, able to start it.

    One that needs its parameters in a certain space, whatever the others need, says so by an
    attribute ``scaler`` ("linear", "std" or "none"). One that runs code of the user's has a method
    ``located``, which returns it with the folders where that is looked for.
    """

    @property
    def random_seed(self) -> int | None:
        """The seed that the user gave this optimizer itself, or None to use the run's."""

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> Proposer:
        """Start at x0 (n_params,) within bounds (n_params, 2), in scaled space.

        All random numbers come from rng; numpy's global generator is not touched.
        """


def located(optimizer: Optimizer, folders: tuple[Path, ...]) -> Optimizer:
    """Return an optimizer that finds the user's code in these folders, if it runs any."""
    locate = getattr(optimizer, "located", None)
    return optimizer if locate is None else locate(folders)


def resumed(
    optimizer: Optimizer, bounds: Matrix, x0: Vector, rng: np.random.Generator, saved: Saved
) -> Proposer:
    """Return a proposer that goes on from the state that it wrote of itself."""
    resume: Callable[..., Proposer] = getattr(optimizer, "resume")  # noqa: B009
    return resume(bounds, x0, rng, saved)
