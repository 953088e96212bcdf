import pytest

from paramsrun.problem.contract import Key
from paramsrun.problem.subset import Sampler, split

JOBS = [frozenset(jobs) for jobs in ("a", "ab", "b", "c", "cd", "e")]


def sampler(batch_size: int = 0, max_jobs: int = 0, shuffle: bool = False) -> Sampler:
    return Sampler(JOBS, batch_size, max_jobs, shuffle, seed=1)


def test_the_drawing_depends_on_the_key_alone() -> None:
    keys = [Key(1, 1), Key(1, 2), Key(2, 1), Key(1, 1)]
    drawn = [sampler(batch_size=3).draw(key) for key in keys]
    again = sampler(batch_size=3)
    assert [again.draw(key) for key in reversed(keys)] == drawn[::-1]
    assert drawn[0] == drawn[3]
    assert len(set(drawn)) > 1


def test_a_batch_has_its_size_and_file_order() -> None:
    for number in range(1, 20):
        drawn = sampler(batch_size=4).draw(Key(1, number))
        assert len(set(drawn)) == 4
        assert list(drawn) == sorted(drawn)


def test_a_batch_larger_than_the_set_is_the_whole_set() -> None:
    assert sampler(batch_size=100).draw(Key(1, 1)) == tuple(range(6))


@pytest.mark.parametrize(
    ("max_jobs", "drawn"), [(1, (0,)), (2, (0, 1, 2)), (3, (0, 1, 2, 3)), (5, (0, 1, 2, 3, 4, 5))]
)
def test_without_shuffling_the_first_jobs_are_used(max_jobs: int, drawn: tuple[int, ...]) -> None:
    assert {sampler(max_jobs=max_jobs).draw(Key(1, n)) for n in range(5)} == {drawn}


def test_shuffling_draws_other_jobs_each_time_and_never_too_many() -> None:
    drawn = [sampler(max_jobs=2, shuffle=True).draw(Key(1, n)) for n in range(1, 30)]
    for entries in drawn:
        assert 0 < len(frozenset[str]().union(*(JOBS[i] for i in entries))) <= 2
    assert len(set(drawn)) > 3


def test_a_batch_is_drawn_from_what_the_jobs_allow() -> None:
    drawn = {sampler(batch_size=1, max_jobs=2).draw(Key(1, n)) for n in range(30)}
    assert drawn == {(0,), (1,), (2,)}


def test_a_limit_that_leaves_no_entry_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves no entry: each needs at least 2 jobs"):
        Sampler([frozenset("ab"), frozenset("abc")], 0, 1, False, seed=1)


@pytest.mark.parametrize(
    ("n", "fraction", "n_taken"), [(10, 0.2, 2), (10, 0.01, 1), (10, 0.99, 9), (2, 0.9, 1)]
)
def test_a_split_takes_the_fraction_but_neither_nothing_nor_all(
    n: int, fraction: float, n_taken: int
) -> None:
    assert len(split(n, fraction, seed=3)) == n_taken
    assert split(n, fraction, seed=3) == split(n, fraction, seed=3)


def test_another_seed_splits_otherwise() -> None:
    assert len({split(100, 0.5, seed) for seed in range(5)}) == 5
