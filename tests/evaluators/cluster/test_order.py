"""Which differences between the versions of a driver and of a worker matter."""

import platform
from importlib.metadata import version

import pytest

from paramsrun.evaluators.cluster.order import objection, versions_here

HERE = {"paramsrun": "0.1.0", "numpy": "2.4.6", "Python": "3.11.7"}


def test_versions_are_those_of_this_process() -> None:
    numpy = version("numpy")
    paramsrun = version("paramsrun")
    assert versions_here() == {
        "paramsrun": paramsrun,
        "numpy": numpy,
        "Python": platform.python_version(),
    }


@pytest.mark.parametrize("change", [{}, {"numpy": "2.4.0"}, {"Python": "3.11.9"}])
def test_the_last_number_of_numpy_and_python_may_differ(change: dict[str, str]) -> None:
    assert objection(HERE, {**HERE, **change}) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"paramsrun": "0.1.1"}, "it has paramsrun 0.1.1, and the driver 0.1.0"),
        ({"numpy": "2.3.6"}, "it has numpy 2.3.6, and the driver 2.4.6"),
        (
            {"numpy": "1.26.4", "Python": "3.12.1"},
            "it has numpy 1.26.4, and the driver 2.4.6; Python 3.12.1, and the driver 3.11.7",
        ),
    ],
)
def test_other_differences_name_both(change: dict[str, str], told: str) -> None:
    assert objection(HERE, {**HERE, **change}) == told
