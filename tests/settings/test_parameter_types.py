"""Which optimizers take parameters of which types."""

from paramsrun.settings.describe import describe
from paramsrun.settings.families import optimizers
from paramsrun.settings.parameter_types import ALL_TYPES, FLOATS, taken, takers, told

SAMPLERS = {"GridSampling", "RandomSampling"}


def test_every_optimizer_takes_some_of_the_types() -> None:
    for name in optimizers:
        types = getattr(optimizers[name], "takes", FLOATS)
        assert types
        assert types <= ALL_TYPES
        assert name in takers(types).as_they_are


def test_continuous_optimizers_take_integers_where_the_input_says_so() -> None:
    for name in ("CMAES", "Scipy"):
        assert taken(optimizers[name]()) == {"float"}
        assert taken(optimizers[name](round_integers=True)) == {"float", "integer"}
        assert name in takers({"integer", "float"}).rounding


def test_samplers_take_all_types() -> None:
    found = takers(ALL_TYPES)
    assert set(found.as_they_are) >= SAMPLERS
    assert not {"CMAES", "Scipy", "Plugin"} & {*found.as_they_are, *found.rounding}
    assert str(found).startswith("GridSampling, ")


def test_describe_tells_what_each_optimizer_takes() -> None:
    text = describe("Optimizer")
    below = text.partition("Types of parameters that each takes\n")[2].splitlines()
    found = {line.split()[0]: line.split(maxsplit=1)[1] for line in below}
    assert set(found) == set(optimizers)
    assert found["GridSampling"] == "float, integer, categorical"
    assert found["CMAES"] == told(optimizers["CMAES"])
    assert found["CMAES"] == "float; with RoundIntegers Yes integer, too"
    assert "    Takes     parameters of type float, integer, categorical\n" in describe(
        "RandomSampling"
    )
