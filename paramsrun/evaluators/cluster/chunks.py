"""How many points travel together: what a message costs is to be little beside what it brings."""

from math import ceil

CHUNK_S = 0.09
"""Points are sent together up to so much work. It is small, lest a lost worker loses much."""
CHEAP_S, CHEAP_CHUNK_S = 0.03, 0.2
"""For points cheaper than this up to so much: a worker idles for some milliseconds between chunks,
and more so on a machine that is busy otherwise."""
CHUNK_S_EACH = 0.004
"""With many workers up to so much for each of them: a chunk keeps driver and scheduler busy for
some 2 ms, and they are to be no more than half busy with all of them."""
MAX_CHUNK = 256
AHEAD_BELOW_S = 1.0
"""Work shorter than this is handed out one chunk ahead, so that no worker waits for the driver;
longer work is not, lest it waits behind another while a worker idles."""


def chunk_size(point_s: float | None, n_waiting: int, n_free: int, n_workers: int) -> int:
    """Return how many points the next chunk holds.

    Parameters
    ----------
    point_s
        What a point takes; None where that is not known yet.
    n_waiting, n_free
        So many points wait, and so many chunks more may be under way: each gets its share.
    n_workers
        That compute at once.
    """
    if point_s is None:
        return 1
    least_s = CHUNK_S if point_s >= CHEAP_S else CHEAP_CHUNK_S
    chunk_s = max(least_s, CHUNK_S_EACH * n_workers)
    by_time = MAX_CHUNK if point_s <= 0.0 else int(min(MAX_CHUNK, chunk_s / point_s))
    return max(1, min(by_time, ceil(n_waiting / max(1, n_free))))


def depth(point_s: float | None) -> int:
    """Return how many chunks a worker may have, the one that it computes among them."""
    return 2 if point_s is not None and point_s < AHEAD_BELOW_S else 1
