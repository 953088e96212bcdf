"""What a journal recorded of the optimizers that are to live on: enough to replay them."""

from collections.abc import Collection, Iterable, Iterator

import numpy as np

from paramsrun.errors import RunError
from paramsrun.manager.events import Eval, Event, Inject
from paramsrun.optimizers.replay import Injected, Told


class Tape:
    """One optimizer's batches and injections, in the order in which they happened."""

    def __init__(self) -> None:
        self._batches: list[dict[int, Eval]] = []
        self._injections: dict[int, list[Injected]] = {}

    def add(self, event: Eval | Inject) -> None:
        """Take the optimizer's next event."""
        if isinstance(event, Inject):
            self._injections.setdefault(event.b, []).append(Injected(event.x, event.fx))
            return
        if not 0 <= len(self._batches) - event.b <= 1:
            raise RunError(
                f"The journal is damaged: evaluation {event.n} is of batch {event.b} of optimizer "
                f"{event.o}, of which {len(self._batches)} batches came before"
            )
        if len(self._batches) == event.b:
            self._batches.append({})
        self._batches[event.b][event.i] = event

    def told_from(self, first: int = 0) -> Iterator[Told | Injected]:
        """Yield what happened from a batch on up to the last, which may lack results."""
        for b, batch in enumerate(self._batches[first:], first):
            yield from self._injections.get(b, ())
            if b < len(self._batches) - 1:
                ordered = [batch[i] for i in sorted(batch)]
                x, fx = np.array([e.x for e in ordered]), np.array([e.fx for e in ordered])
                yield Told(x, fx, [e.r for e in ordered])

    @property
    def last(self) -> dict[int, Eval]:
        """The results of its last batch, by candidate."""
        return self._batches[-1] if self._batches else {}

    @property
    def offered(self) -> list[Injected]:
        """What it was offered after its last batch."""
        return self._injections.get(len(self._batches), [])

    @property
    def evaluations(self) -> Iterator[Eval]:
        """Yield all its results in the order of the run."""
        for batch in self._batches:
            yield from sorted(batch.values(), key=lambda e: e.n)

    def turns(self, limit: int, n_at_start: int, is_told: bool) -> Iterator[int]:
        """Yield after which evaluations of the run its next candidates were handed out.

        The first of a batch were handed out at once, as many as the limit allowed, and each
        further one as a result came. is_told says that the last batch was told, so that the next
        candidates are of a new one.
        """
        asked, done = n_at_start, sorted(e.n for e in self.last.values())
        if is_told and done:
            asked, done = done[-1], []
        elif len(self._batches) > 1:
            asked = max(e.n for e in self._batches[-2].values())
        handed = range(len(done), len(done) + limit)
        return (asked if k < limit else done[k - limit] for k in handed)

    @property
    def n_before(self) -> int:
        """How many candidates it asked before its last batch."""
        return sum(map(len, self._batches[:-1]))

    @property
    def n_batches(self) -> int:
        """Batches of which at least one result is here."""
        return len(self._batches)


def tapes(events: Iterable[Event], living: Collection[int]) -> dict[int, Tape]:
    """Return the tapes of the optimizers that live on; those without a result have none yet."""
    made = {o: Tape() for o in living}
    for event in events:
        if isinstance(event, Eval | Inject) and event.o in made:
            made[event.o].add(event)
    return made
