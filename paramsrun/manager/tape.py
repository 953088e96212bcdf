"""What a journal recorded of the optimizers that are to live on: enough to replay them."""

from array import array
from collections.abc import Collection, Iterable, Iterator

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.errors import RunError
from paramsrun.manager.events import Eval, Event, Inject
from paramsrun.optimizers.replay import Injected, Told


class Tape:
    """One optimizer's batches and injections, in the order in which they happened.

    It may be millions of evaluations long: what all of them have is kept as columns.
    """

    def __init__(self) -> None:
        self._x, self._fx, self._t = array("d"), array("d"), array("d")
        self._n, self._i = array("Q"), array("Q")
        self._rare: dict[int, tuple[str | None, float | None, bool, Vector | None]] = {}
        """By place, what few evaluations have: why, val, pruned and r."""
        self._starts = array("q")
        """The place of the first result of each batch."""
        self._o = 0
        self._injections: dict[int, list[Injected]] = {}

    def add(self, event: Eval | Inject) -> None:
        """Take the optimizer's next event."""
        if isinstance(event, Inject):
            self._injections.setdefault(event.b, []).append(Injected(event.x, event.fx))
            return
        if not 0 <= self.n_batches - event.b <= 1:
            raise RunError(
                f"The journal is damaged: evaluation {event.n} is of batch {event.b} of optimizer "
                f"{event.o}, of which {self.n_batches} batches came before"
            )
        if self.n_batches == event.b:
            self._starts.append(len(self._n))
        self._o = event.o
        if event.why is not None or event.val is not None or event.pruned or event.r is not None:
            self._rare[len(self._n)] = event.why, event.val, event.pruned, event.r
        self._x.frombytes(event.x.tobytes())
        self._fx.append(event.fx)
        self._t.append(event.t)
        self._n.append(event.n)
        self._i.append(event.i)

    def told_from(self, first: int = 0) -> Iterator[Told | Injected]:
        """Yield what happened from a batch on up to the last, which may lack results."""
        for b in range(first, self.n_batches):
            yield from self._injections.get(b, ())
            if b < self.n_batches - 1:
                batch = self._batch(b)
                ordered = [batch[i] for i in sorted(batch)]
                x, fx = np.array([e.x for e in ordered]), np.array([e.fx for e in ordered])
                yield Told(x, fx, [e.r for e in ordered])

    @property
    def last(self) -> dict[int, Eval]:
        """The results of its last batch, by candidate."""
        return self._batch(self.n_batches - 1) if self.n_batches else {}

    @property
    def offered(self) -> list[Injected]:
        """What it was offered after its last batch."""
        return self._injections.get(self.n_batches, [])

    @property
    def evaluations(self) -> Iterator[Eval]:
        """Yield all its results in the order of the run."""
        for b in range(self.n_batches):
            yield from sorted(self._batch(b).values(), key=lambda e: e.n)

    def turns(self, limit: int, n_at_start: int, is_told: bool) -> Iterator[int]:
        """Yield after which evaluations of the run its next candidates were handed out.

        The first of a batch were handed out at once, as many as the limit allowed, and each
        further one as a result came. is_told says that the last batch was told, so that the next
        candidates are of a new one.
        """
        asked, done = n_at_start, sorted(e.n for e in self.last.values())
        if is_told and done:
            asked, done = done[-1], []
        elif self.n_batches > 1:
            asked = max(self._n[self._starts[-2] : self._starts[-1]])
        handed = range(len(done), len(done) + limit)
        return (asked if k < limit else done[k - limit] for k in handed)

    @property
    def n_before(self) -> int:
        """How many candidates it asked before its last batch."""
        return self._starts[-1] if self._starts else 0

    @property
    def n_batches(self) -> int:
        """Batches of which at least one result is here."""
        return len(self._starts)

    def _batch(self, b: int) -> dict[int, Eval]:
        """Return the results of a batch, by candidate."""
        end = self._starts[b + 1] if b + 1 < self.n_batches else len(self._n)
        return {self._i[k]: self._eval(k, b) for k in range(self._starts[b], end)}

    def _eval(self, k: int, b: int) -> Eval:
        size = len(self._x) // len(self._n)
        x = np.array(self._x[k * size : (k + 1) * size])
        rare = self._rare.get(k, _NOTHING)
        return Eval(self._n[k], self._o, b, self._i[k], x, self._fx[k], self._t[k], *rare)


_NOTHING = (None, None, False, None)


def tapes(events: Iterable[Event], living: Collection[int]) -> dict[int, Tape]:
    """Return the tapes of the optimizers that live on; those without a result have none yet."""
    made = {o: Tape() for o in living}
    for event in events:
        if isinstance(event, Eval | Inject) and event.o in made:
            made[event.o].add(event)
    return made
