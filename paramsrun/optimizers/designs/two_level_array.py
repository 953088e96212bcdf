"""Orthogonal arrays of two levels, from Hadamard matrices.

Sylvester's doubling and both constructions of Paley (1933), doi:10.1002/sapm1933121311; the arrays
are those of Plackett & Burman (1946), doi:10.1093/biomet/33.4.305.
"""

import numpy as np

from paramsrun.optimizers.designs.finite_field import Integers, powers, primes_of, vectors


def two_level_array(n_factors: int) -> Integers:
    """Return rows (n, n_factors) of 0 and 1, n the smallest known Hadamard order that has room.

    Every two columns hold each pair of levels equally often. n lies at most few steps of four above
    the least that there could be.
    """
    n = n_factors + 1
    while (matrix := _hadamard(n)) is None:
        n += 1
    columns = matrix[:, 1:] * matrix[:, :1]  # the first becomes constant, and is left out
    return (1 - columns[:, :n_factors]) // 2


def _hadamard(n: int) -> Integers | None:
    """Return a matrix (n, n) of 1 and -1 with orthogonal rows; None where no way is known here."""
    if n <= 2:
        return np.array([[1, 1], [1, -1]])[:n, :n]
    if n % 4:
        return None
    if _is_field(n - 1):  # 3 modulo 4
        return np.eye(n, dtype=np.int64) + _conference(n - 1)
    if (n // 2 - 1) % 4 == 1 and _is_field(n // 2 - 1):
        conference, one = _conference(n // 2 - 1), np.eye(n // 2, dtype=np.int64)
        return np.kron(conference, [[1, 1], [1, -1]]) + np.kron(one, [[1, -1], [-1, -1]])
    half = _hadamard(n // 2)
    return None if half is None else np.kron(np.array([[1, 1], [1, -1]]), half)


def _conference(q: int) -> Integers:
    """Return Paley's matrix (q + 1, q + 1) of GF(q): 0 on the diagonal, orthogonal rows.

    It is skew for q 3 modulo 4, and symmetric for 1 modulo 4.
    """
    ((p, m),) = primes_of(q).items()
    code = p ** np.arange(m)
    character = np.full(q, -1)
    character[powers(p, m)[::2] @ code] = 1  # squares
    character[0] = 0
    elements = vectors(p, m)
    matrix = np.ones((q + 1, q + 1), dtype=np.int64)
    matrix[0, 0] = 0
    matrix[1:, 1:] = character[(elements[:, None] - elements) % p @ code]
    matrix[1:, 0] = 1 if q % 4 == 1 else -1
    return matrix


def _is_field(q: int) -> bool:
    """Return whether there is a field of q elements."""
    return len(primes_of(q)) == 1
