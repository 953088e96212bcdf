"""Adaptive rate Monte Carlo (Cosseddu & Infante 2017, doi:10.1021/acs.jctc.6b01089)."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Ended, Proposer
from paramsrun.optimizers.knowing import knowing
from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import key
from paramsrun.settings.parameter_types import round_integers

if TYPE_CHECKING:
    from paramsrun.problem.scaling import Scaling

_log = logging.getLogger("paramsrun.optimizers")


@optimizers.member("AdaptiveRateMonteCarlo")
@dataclass(frozen=True, kw_only=True)
class AdaptiveRateMonteCarlo:
    """A chain of moves that accepts worse points, as often as AcceptanceTarget says.

    It begins at the initial point. A move multiplies one parameter, chosen at random, by a factor
    drawn from MoveRange, and is accepted if its loss is below the level of the current point. That
    level is the point's own loss, raised by phi when the point is accepted and once more by each
    move that is not; so no point holds the chain for good. After each block of SubIterations moves
    phi is multiplied by Gamma if a smaller share of them was accepted than AcceptanceTarget, and
    divided by Gamma if it was a larger one. A failed point is a move that is not accepted.

    Factors multiply the values in real units, unless the key Scaler of the input gives all
    optimizers another space. So a parameter keeps its sign, and one that is 0 stays 0: begin with
    values that are not 0 and have the right sign. A move beyond a bound ends at the bound; one that
    would change nothing is drawn again and costs no evaluation. A better point that another
    optimizer found becomes the current point. There is one point at a time.
    """

    scaler: ClassVar[Literal["none"]] = "none"

    acceptance_target: float = key(
        0.25, above=0.0, below=1.0, doc="Share of the moves that is to be accepted."
    )
    gamma: float = key(
        2.0, above=1.0, doc="Phi is multiplied or divided by this after SubIterations moves."
    )
    phi: float = key(
        1.0,
        above=0.0,
        doc="First rise of the level, in the unit of the loss. It adapts to the scale of the loss "
        "by one factor Gamma in SubIterations moves; about the difference between the losses of "
        "neighbouring points spares the chain that time.",
    )
    move_range: tuple[float, ...] = key(
        tuple(round(0.9 + 0.005 * i, 3) for i in range(41)),
        above=0.0,
        doc="Factors by which a move may multiply a parameter, some below 1 and some above.",
    )
    sub_iterations: int = key(100, at_least=1, doc="Moves between two changes of phi.")
    super_iterations: int = key(
        1000,
        at_least=1,
        doc="Blocks of SubIterations moves; then it has converged.",
    )
    random_seed: int | None = key(
        None,
        at_least=0,
        doc="Seed of the moves; the run's RandomSeed decides where it is left out.",
    )
    round_integers: bool = round_integers()

    def mistakes(self) -> Iterable[str]:
        """Yield what is wrong with the keys."""
        if not (any(f < 1.0 for f in self.move_range) and any(f > 1.0 for f in self.move_range)):
            yield "MoveRange must hold factors below 1 and factors above 1"

    def scaled_by(self, scaling: "Scaling") -> "AdaptiveRateMonteCarlo":
        """Return the same that knows the parameters by name."""
        return knowing(self, "_scaling", scaling)

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> Proposer:
        """Return a proposer of one point at a time."""
        return _Chain(self, bounds, x0, rng, self._warning(x0))

    def _warning(self, x0: Vector) -> str | None:
        """Return what is to be said of parameters that never move."""
        still = np.flatnonzero(x0 == 0.0).tolist()
        if not still or len(still) == len(x0):
            return None
        scaling: Scaling | None = vars(self).get("_scaling")
        is_real = scaling is None or scaling.kind == "none"
        where = "0" if is_real else "0 in the space that Scaler gives it"
        names = [f"parameter {i + 1}" for i in still]
        if scaling is not None and scaling.space:
            names = [scaling.space[i].name for i in still]
        return (
            f"AdaptiveRateMonteCarlo: no factor moves {', '.join(names)} away from {where}: begin "
            "with other values, or choose another optimizer"
        )


class _Chain:
    """A running chain: ``x`` is its current point, ``phi`` what raises that point's level."""

    takes_offers = True

    def __init__(
        self,
        settings: AdaptiveRateMonteCarlo,
        bounds: Matrix,
        x0: Vector,
        rng: np.random.Generator,
        warning: str | None = None,
    ) -> None:
        self.ended: Ended | None = None
        self.phi = settings.phi
        self._how = settings
        self._factors = np.array(settings.move_range)
        self._lower, self._upper = np.array(bounds).T
        self._rng = rng
        self.x = self._asked = np.array(x0)
        self._fx = self._level = np.inf
        self._n_moves = -1  # the initial point is no move
        self._n_accepted = 0
        self._was_finite = False
        self._warning = warning

    def expect(self, x: Matrix, rows: Sequence[int], size: int | None) -> None:
        """Take it that this is a replay, and what was said before is not said again."""
        self._warning = None

    def ask(self) -> Matrix:
        """Return the next point, (1, n_params)."""
        if self._warning is not None:
            _log.warning("%s", self._warning)
            self._warning = None
        return self._asked[None].copy()

    def tell(self, x: Matrix, fx: Vector) -> None:
        """Accept the point or not, and move on."""
        loss = float(fx[0])
        self._was_finite = self._was_finite or loss < np.inf
        self._n_moves += 1
        if self._n_moves == 0:
            self._settle(loss)
        else:
            self._judge(loss)
            if self._n_moves % self._how.sub_iterations == 0:
                self._adapt()
        moved = self._moved(self.x)
        if moved is not None:
            self._asked = moved
        self.ended = self._end(moved is None)

    def inject(self, x: Vector, fx: float) -> None:
        """Go on from a better point, if a move can start there."""
        moved = self._moved(x) if fx < self._fx and self._n_moves >= 0 else None
        if moved is not None:
            self.x, self._asked = np.array(x), moved
            self._was_finite = True
            self._settle(fx)

    def close(self) -> None:
        """Do nothing: nothing is held."""

    def _judge(self, loss: float) -> None:
        if loss < self._level:
            self.x = self._asked
            self._settle(loss)
            self._n_accepted += 1
        else:
            self._level += self.phi

    def _settle(self, loss: float) -> None:
        """Take the loss of a new current point."""
        self._fx, self._level = loss, loss + self.phi

    def _adapt(self) -> None:
        """Bring the share of accepted moves nearer to its target (Cosseddu & Infante 2017)."""
        share = self._n_accepted / self._how.sub_iterations
        if share < self._how.acceptance_target:
            self.phi = min(self.phi * self._how.gamma, _MOST)
        elif share > self._how.acceptance_target:
            self.phi = max(self.phi / self._how.gamma, _LEAST)
        self._n_accepted = 0

    def _moved(self, x: Vector) -> Vector | None:
        """Return a point with one parameter changed, or None if no factor changes any."""
        for i in self._rng.permutation(len(x)).tolist():
            values = np.clip(x[i] * self._factors, self._lower[i], self._upper[i])
            values = values[values != x[i]]
            if len(values):
                moved = np.array(x)
                moved[i] = values[self._rng.integers(len(values))]
                return moved
        return None

    def _end(self, is_stuck: bool) -> Ended | None:
        n = self._how.sub_iterations * self._how.super_iterations
        if self._n_moves >= n:
            if not self._was_finite:
                return Ended("failed", f"no finite loss in {n} moves")
            return Ended("converged", f"all {n} moves made (SubIterations x SuperIterations)")
        if is_stuck:
            return Ended("failed", "every parameter is 0, and no factor changes that")
        return None


_LEAST, _MOST = 1e-300, 1e300
"""Phi stays within these, so that it can always come back."""
