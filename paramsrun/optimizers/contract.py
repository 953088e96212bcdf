"""What an optimizer is to the rest of the program.

An optimizer is a frozen settings class (a member of the family `optimizers`) whose `start` returns
a `Proposer`. A proposer's sequence of candidates depends on its settings, x0, bounds, random
stream, what it is told and what is injected: on nothing else. So it can be restored by replay: it
is started anew and told its own recorded results, batch by batch.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.problem.space import Space

if TYPE_CHECKING:
    from paramsrun.problem.scaling import Scaling


class Ended(NamedTuple):
    """Why an optimizer ended by itself."""

    how: Literal["converged", "failed"]
    """``converged`` by its own criteria or by a limit that the user gave it, or ``failed``."""
    reason: str
    """One line for people, such as ``tolfun: 1e-11``."""


Residuals: TypeAlias = Sequence[Vector | None]
"""(n_residuals,) for each candidate, in candidate order; None for a failed point. For an optimizer
that needs progress, (2 n_steps,) its steps and values by turns; None where none was reported."""


class Saved(NamedTuple):
    """The state that an optimizer of the user's wrote of itself."""

    n_told: int
    """The batches it had been told by then."""
    state: bytes


class Proposer(Protocol):
    """A running optimizer: it proposes batches of candidates and is told their losses.

    What only some have is looked up by its name:

    * ``saved``, the state that it wrote of itself (a `Saved`, or None so far); its settings then
      have a method ``resume`` that goes on from there;
    * ``needs_residuals``, True where it minimises a sum of squares, or ``needs_progress``, True
      where it prunes: its `tell` takes them third (see `tell`). One that prunes has a method
      ``bars``: given a candidate's place in the batch just asked, it returns the bars of its `Key`;
    * ``ready``, a method of one that may have to wait for other processes: it is asked only when
      that returns True, and `ended` is current after each call of it.
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

    What only some have is looked up by its name:

    * ``scaler``, the space in which it needs its parameters, whatever the others need ("linear",
      "std" or "none");
    * ``takes``, a set of "float", "integer" and "categorical"; without it, floats only;
    * ``replays``, False where its state is kept elsewhere: a resume starts it anew and tells it
      nothing;
    * ``objection``, a method: given the active parameters' space, it returns why it can never
      search that, or None;

    and methods that return it with something that it has to know:

    * ``located``: the folders in which the user's code or files are looked for;
    * ``within``: the space as it will see it, empty where all are floats on a linear scale;
    * ``scaled_by``: the scaling, which knows the parameters by name and in real units;
    * ``batched``: how many candidates are evaluated at once, for one whose batches may have any
      size;
    * ``unlocked_by``: the optimizers of the input, one of which may have its password, for that is
      not stored.
    """

    @property
    def random_seed(self) -> int | None:
        """The seed that the user gave this optimizer itself, or None to use the run's."""

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> Proposer:
        """Start at x0 (n_params,) within bounds (n_params, 2), in scaled space.

        All random numbers come from rng; numpy's global generator is not touched.
        """


def replays(optimizer: Optimizer) -> bool:
    """Return whether a resume tells an optimizer again what it was told."""
    return bool(getattr(optimizer, "replays", True))


def needed(proposer: Proposer) -> Literal["residuals", "progress"] | None:
    """Return what a proposer is told beside the losses."""
    if getattr(proposer, "needs_residuals", False):
        return "residuals"
    return "progress" if getattr(proposer, "needs_progress", False) else None


def tell(proposer: Proposer, x: Matrix, fx: Vector, residuals: Residuals) -> None:
    """Tell a proposer the losses of a batch, and what it needs beside them."""
    if needed(proposer) is not None:
        needing: Any = proposer
        needing.tell(x, fx, residuals)
    else:
        proposer.tell(x, fx)


def located(optimizer: Optimizer, folders: tuple[Path, ...]) -> Optimizer:
    """Return an optimizer that finds the user's code in these folders, if it runs any."""
    locate = getattr(optimizer, "located", None)
    return optimizer if locate is None else locate(folders)


def within(optimizer: Optimizer, space: Space) -> Optimizer:
    """Return an optimizer that knows the values of the parameters, if it asks for them."""
    know = getattr(optimizer, "within", None)
    return optimizer if know is None else know(space)


def scaled_by(optimizer: Optimizer, scaling: "Scaling") -> Optimizer:
    """Return an optimizer that knows the parameters by name, if it asks for them."""
    know = getattr(optimizer, "scaled_by", None)
    return optimizer if know is None else know(scaling)


def batched(optimizer: Optimizer, n: int) -> Optimizer:
    """Return an optimizer that asks for n candidates at a time, if it leaves that open."""
    resize = getattr(optimizer, "batched", None)
    return optimizer if resize is None else resize(n)


def unlocked_by(optimizer: Optimizer, others: Sequence[Optimizer]) -> Optimizer:
    """Return an optimizer that knows a password which one of the others has, if it lacks it."""
    unlock = getattr(optimizer, "unlocked_by", None)
    return optimizer if unlock is None else unlock(others)


def resumed(
    optimizer: Optimizer, bounds: Matrix, x0: Vector, rng: np.random.Generator, saved: Saved
) -> Proposer:
    """Return a proposer that goes on from the state that it wrote of itself."""
    resume: Callable[..., Proposer] = getattr(optimizer, "resume")  # noqa: B009
    return resume(bounds, x0, rng, saved)
