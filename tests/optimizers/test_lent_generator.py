import numpy as np
import pytest

from paramsrun.optimizers.lent_generator import LentGenerator, random_state


def drawn(lender, n):
    with lender.lent():
        return np.random.random(n).tolist()  # noqa: NPY002


def test_draws_go_on_from_block_to_block():
    whole = drawn(LentGenerator(np.random.RandomState(3)), 6)
    lender = LentGenerator(np.random.RandomState(3))
    assert drawn(lender, 2) + drawn(lender, 0) + drawn(lender, 4) == whole


def test_nobody_else_sees_that_numbers_were_drawn():
    np.random.seed(7)  # noqa: NPY002
    np.random.standard_normal()  # noqa: NPY002  # leaves a second one for the next call
    before = str(np.random.get_state())  # noqa: NPY002
    drawn(LentGenerator(np.random.RandomState(3)), 5)
    assert str(np.random.get_state()) == before  # noqa: NPY002


def test_it_is_taken_back_after_an_error():
    np.random.seed(7)  # noqa: NPY002
    before = str(np.random.get_state())  # noqa: NPY002
    lender = LentGenerator(np.random.RandomState(3))
    with pytest.raises(ValueError, match="must be between 0 and"), lender.lent():
        np.random.seed(-np.random.randint(1, 9))  # noqa: NPY002
    assert str(np.random.get_state()) == before  # noqa: NPY002


def test_the_old_generator_follows_from_the_new_one():
    one, same = (random_state(np.random.default_rng(5)).random(3).tolist() for _ in range(2))
    other = random_state(np.random.default_rng(6)).random(3).tolist()
    assert one == same != other
