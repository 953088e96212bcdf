"""What an optimizer is to the rest of the program.

An optimizer is a frozen settings class (a member of the family `optimizers`) whose `start` returns
a `Proposer`. A proposer's sequence of candidates depends on its settings, x0, bounds, random
stream, what it is told and what is injected: on nothing else. So it can be restored by replay: it
is started anew and told its own recorded results, batch by batch.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NamedTuple,
    Protocol,
    TypeAlias,
    runtime_checkable,
)

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.problem.contract import Step
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
      where it prunes: its `tell` takes them third (see `tell`). One that prunes is `Prunes`;
    * ``ready``, of one that may have to wait for other processes, see `Waits`;
    * ``expect``, a method: in a replay it is told the recorded points of the next batch before that
      is asked, see `replay.remind`.
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


@runtime_checkable
class Waits(Protocol):
    """A proposer that may have to wait for other processes."""

    def ready(self) -> bool:
        """Return whether it can be asked now; `ended` is current after each call."""


@runtime_checkable
class Prunes(Protocol):
    """A proposer whose candidates may be ended on their way."""

    def bars(self, i: int) -> tuple[Step, ...]:
        """Return the bars of the `Key` of the i-th candidate in the batch just asked."""


class Optimizer(Protocol):
    """The settings of one optimizer, able to start it.

    What only some have is looked up by its name:

    * ``scaler``, the space in which it needs its parameters, whatever the others need ("linear",
      "std" or "none");
    * ``takes``, a set of "float", "integer" and "categorical"; without it, floats only. Where it
      is set, ``round_integers`` adds integers;
    * ``mistakes``, a method: it yields what is wrong with the settings, a sentence each that begins
      with a key;
    * ``needs_residuals`` or ``needs_progress``, True where its proposer needs them: an input whose
      loss cannot give them is refused;
    * ``resume``, a method like `start` that is given a `Saved`, too (see `resumed`);
    * ``starts_again``, True where another one takes its place, from its best point, if a resume
      cannot restore it;
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
    return _if_able(optimizer, "located", folders)


def within(optimizer: Optimizer, space: Space) -> Optimizer:
    """Return an optimizer that knows the values of the parameters, if it asks for them."""
    return _if_able(optimizer, "within", space)


def scaled_by(optimizer: Optimizer, scaling: "Scaling") -> Optimizer:
    """Return an optimizer that knows the parameters by name, if it asks for them."""
    return _if_able(optimizer, "scaled_by", scaling)


def batched(optimizer: Optimizer, n: int) -> Optimizer:
    """Return an optimizer that asks for n candidates at a time, if it leaves that open."""
    return _if_able(optimizer, "batched", n)


def unlocked_by(optimizer: Optimizer, others: Sequence[Optimizer]) -> Optimizer:
    """Return an optimizer that knows a password which one of the others has, if it lacks it."""
    return _if_able(optimizer, "unlocked_by", others)


def _if_able(optimizer: Optimizer, ability: str, given: object) -> Optimizer:
    """Return what a method gives that only some have; of others, the optimizer itself."""
    method = getattr(optimizer, ability, None)
    return optimizer if method is None else method(given)


def resumed(
    optimizer: Optimizer, bounds: Matrix, x0: Vector, rng: np.random.Generator, saved: Saved
) -> Proposer:
    """Return a proposer that goes on from the state that it wrote of itself."""
    resume: Callable[..., Proposer] = getattr(optimizer, "resume")  # noqa: B009
    return resume(bounds, x0, rng, saved)
