"""How much each parameter matters to the loss, by the trials of a search."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.designs.range_analysis import effects
from paramsrun.problem.space import Dimension
from paramsrun.report.search import Search

FEWEST = 10
"""Fewer trials than these tell nothing."""
_MOST = 5000
"""Of more trials, these many are taken, evenly spread over the search."""
_TELLING = 0.1
"""A model that explains a smaller share of the variance tells nothing."""
_PENALTIES = 10.0 ** np.arange(-6.0, 3.0)


class Importance(NamedTuple):
    """Of the parameters of a search."""

    values: Vector
    """(n_params,) not below 0, in the parameters' order."""
    what: str
    """What the values are, for people."""
    are_shares: bool = False
    """Whether they add up to 1."""


def importance(search: Search) -> Importance | None:
    """Return how much each parameter matters, or None where the trials do not tell.

    Of a search by orthogonal arrays it is the range of the mean losses of a parameter's values
    over the rows (`effects`). Otherwise a sum of one function of each parameter is fitted to the
    losses, or to their logarithms if it explains these better. The functions are quadratic in
    numbers and free in choices. A parameter's importance is its share of the
    variance of that sum over the whole ranges: the first-order Sobol' index from a polynomial chaos
    expansion (Sudret 2008, doi:10.1016/j.ress.2007.04.002). It is about the ranges and not about
    where the search dwelt, though it knows of regions only what trials there tell. What parameters
    do only together is not seen: ``what`` gives the share of the losses' variance that the sum
    explains of trials it was not fitted to (leave-one-out). Trials that were pruned have no part in
    it: nobody knows their losses.
    """
    rows = search.is_row & np.isfinite(search.fx)
    if search.is_by_array and rows.any():
        return _by_array(search)
    whole = np.flatnonzero(~search.is_pruned)
    if len(whole) < FEWEST or not np.isfinite(search.fx[whole]).any():
        return None
    chosen = np.linspace(0, len(whole) - 1, min(len(whole), _MOST)).astype(np.int64)
    return _by_model(search, whole[chosen])


def _by_array(search: Search) -> Importance:
    columns = [np.unique(x, return_inverse=True)[1] for x in search.x[search.is_row].T]
    values = np.zeros(len(search.space))
    for effect in effects(np.column_stack(columns), search.fx[search.is_row]):
        values[effect.factor] = effect.range
    return Importance(values, "range of the mean losses of its values")


def _by_model(search: Search, chosen: NDArray[np.int64]) -> Importance | None:
    blocks = [basis(d, x) for d, x in zip(search.space, search.x[chosen].T, strict=True)]
    losses = finite(search.fx[chosen])
    fits = [fitted(np.hstack(blocks), y) for y in (losses, levelled(losses))]
    coefficients, explained = max(fits, key=lambda fit: fit[1])
    if explained < _TELLING:
        return None
    ends = np.cumsum([block.shape[1] for block in blocks])
    parts = np.split(coefficients**2, ends[:-1])
    variances = np.array([part.sum() for part in parts])
    known = "over 99%" if explained > 0.995 else f"{explained:.0%}"
    told = f"they explain {known} of the losses{_left_out(int(search.is_pruned.sum()))}"
    what = f"share of the effects ({told})"
    return Importance(variances / (variances.sum() or 1.0), what, are_shares=True)


def _left_out(n_pruned: int) -> str:
    if n_pruned == 0:
        return ""
    return f"; {n_pruned} pruned trial{'' if n_pruned == 1 else 's'} left out"


def finite(fx: Vector) -> Vector:
    """Return losses (k,) in which a failed trial counts as the highest finite one."""
    return np.where(np.isfinite(fx), fx, fx[np.isfinite(fx)].max())


def levelled(fx: Vector) -> Vector:
    """Return losses (k,) such that outliers do not decide.

    They are differences to the lowest, logarithmic far above their mean.
    """
    excess = fx - fx.min()
    level: Vector = np.log1p(excess / (float(excess.mean()) or 1.0))
    return level


def basis(dimension: Dimension, x: Vector) -> Matrix:
    """Return functions of a parameter at its values (k,), a column each.

    Over its whole range, values all as likely (their logarithms on a logarithmic scale), they have
    mean 0, and the variance of a sum of them is the sum of their squared coefficients: Legendre's
    polynomials, and contrasts of choices.
    """
    if dimension.type == "categorical":
        return _contrasts(len(dimension.choices))[x.astype(np.int64)]
    u = np.array([2.0 * dimension.position(value) - 1.0 for value in x.tolist()]).clip(-1.0, 1.0)
    return np.column_stack([np.sqrt(3.0) * u, np.sqrt(5.0) * (1.5 * u**2 - 0.5)])


def _contrasts(n: int) -> Matrix:
    """Return (n, n - 1) columns of mean 0 and mean square 1, orthogonal to each other."""
    full, _ = np.linalg.qr(np.column_stack([np.ones(n), np.eye(n)[:, : n - 1]]))
    contrasts: Matrix = full[:, 1:] * np.sqrt(n)
    return contrasts


def fitted(columns: Matrix, y: Vector) -> tuple[Vector, float]:
    """Return coefficients (q,) of columns (k, q) that add up to y (k,), and how much they explain.

    They are those of ridge regression, its penalty the best of some by leave-one-out errors, whose
    share of the variance of y, taken from 1, is what they explain.
    """
    offset = y - y.mean()
    u, d, vt = np.linalg.svd(columns - columns.mean(axis=0), full_matrices=False)
    total, best = float(offset @ offset), (np.zeros(columns.shape[1]), -np.inf)
    for penalty in _PENALTIES * len(y) if total > 0.0 else ():
        shrunk = d**2 / (d**2 + penalty)
        leverage = (u**2 * shrunk).sum(axis=1) + 1.0 / len(y)
        left = (offset - u @ (shrunk * (u.T @ offset))) / (1.0 - leverage)
        explained = 1.0 - float(left @ left) / total
        if explained > best[1]:
            best = vt.T @ (d / (d**2 + penalty) * (u.T @ offset)), explained
    return best
