"""Lends numpy's global generator to a library that draws from it, and takes it back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
from numpy.random.mtrand import get_bit_generator, set_bit_generator


class LentGenerator:
    """A stream of its own in numpy's global generator, inside ``with`` blocks only.

    What the global generator held before is back in it after each block, and the stream goes on in
    the next one: so the library repeats itself, and nobody else sees that it drew.
    """

    def __init__(self, random_state: np.random.RandomState) -> None:
        self._bits = np.random.MT19937()
        self._bits.state = cast(Any, random_state.get_state(legacy=False))

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Put the stream into the global generator for as long as a block runs.

        Of normal numbers numpy draws two at a time: a second one that the block leaves is dropped.
        """
        kept = get_bit_generator()
        state = np.random.get_state(legacy=False)  # noqa: NPY002  # it is put back below
        set_bit_generator(self._bits)
        try:
            yield
        finally:
            set_bit_generator(kept)
            if state["has_gauss"]:  # which a change of bit generators takes away
                np.random.set_state(state)  # noqa: NPY002


def random_state(rng: np.random.Generator) -> np.random.RandomState:
    """Return a generator of numpy's old kind, seeded from one of its new kind."""
    return np.random.RandomState(rng.integers(2**32, size=8, dtype=np.uint32))
