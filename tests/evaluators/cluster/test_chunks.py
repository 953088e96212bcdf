"""How many points travel together."""

import pytest

from paramsrun.evaluators.cluster.chunks import MAX_CHUNK, chunk_size, depth


def test_one_point_goes_alone_until_its_time_is_known() -> None:
    assert chunk_size(None, 100, 2, 2) == 1


@pytest.mark.parametrize(
    ("point_s", "n"),
    [(0.0, MAX_CHUNK), (1e-6, MAX_CHUNK), (0.001, 200), (0.01, 20), (0.05, 1), (9, 1)],
)
def test_points_that_are_cheaper_travel_in_larger_chunks(point_s: float, n: int) -> None:
    assert chunk_size(point_s, 10_000, 1, 2) == n


def test_every_free_place_gets_its_share() -> None:
    assert [chunk_size(0.001, n, 4, 4) for n in (1, 4, 5, 12)] == [1, 1, 2, 3]


def test_with_many_workers_more_points_travel_together() -> None:
    assert [chunk_size(0.1, 10**6, 10**4, n) for n in (2, 20, 100, 1_000)] == [1, 1, 4, 40]


def test_only_short_work_is_handed_out_ahead() -> None:
    assert [depth(s) for s in (None, 0.001, 0.9, 1.0, 60.0)] == [1, 2, 2, 1, 1]
