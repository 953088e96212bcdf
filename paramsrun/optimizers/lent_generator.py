"""Lends numpy's global generator to a library that draws from it, and takes it back."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


class LentGenerator:
    """A stream of its own in numpy's global generator, inside ``with`` blocks only.

    What the global generator held before is back in it after each block, and the stream goes on in
    the next one: so the library repeats itself, and nobody else sees that it drew.
    """

    def __init__(self, random_state: np.random.RandomState) -> None:
        self._state = random_state.get_state()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Put the stream into the global generator for as long as a block runs."""
        kept = np.random.get_state()  # noqa: NPY002  # it is put back below
        np.random.set_state(self._state)  # noqa: NPY002
        try:
            yield
        finally:
            self._state = np.random.get_state()  # noqa: NPY002
            np.random.set_state(kept)  # noqa: NPY002


def random_state(rng: np.random.Generator) -> np.random.RandomState:
    """Return a generator of numpy's old kind, seeded from one of its new kind."""
    return np.random.RandomState(rng.integers(2**32, size=8, dtype=np.uint32))
