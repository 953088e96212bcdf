"""Colours of optimizers."""

from paramsrun.report.colours import colour_of, legible


def test_forty_optimizers_have_forty_colours() -> None:
    assert len({colour_of(o) for o in range(1, 41)}) == 40


def test_every_number_has_a_colour() -> None:
    assert all(0 <= c <= 1 for o in range(1, 500) for c in colour_of(o))


def test_numbers_are_never_written_in_a_pale_colour() -> None:
    for o in range(1, 43):
        red, green, blue = legible(colour_of(o))
        assert 0.299 * red + 0.587 * green + 0.114 * blue < 0.43
