"""What benchmarks/peers.py measures with: functions, tables, and the check of a resume."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
MODULES = ("functions", "ours", "quality", "search", "speed", "tables", "venv")


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """Import the benchmark's files as it does."""
    from importlib import import_module

    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # they set it, too: it is put back
    return {name: import_module(f"peers_{name}") for name in MODULES}


def test_functions_have_their_minima_where_they_are_said_to_be(
    peers: dict[str, ModuleType],
) -> None:
    rng = np.random.default_rng(1)
    for function in peers["functions"].FUNCTIONS.values():
        for n in function.dimensions:
            at = function.minimum(n)
            least = function.loss(at)
            assert least == pytest.approx(function.least, abs=1e-9)
            for step in (1e-3, 1e-1, 1.0):
                assert function.loss(at + step * rng.normal(size=n)) > least
            assert (function.low < at).all()
            assert (at < function.high).all()


def test_no_minimum_is_in_the_middle_of_its_box(peers: dict[str, ModuleType]) -> None:
    for function in peers["functions"].FUNCTIONS.values():
        n = function.dimensions[0]
        assert function.scaled(np.full(n, 0.5)) > function.least + 0.1


def test_published_values_of_functions(peers: dict[str, ModuleType]) -> None:
    functions = peers["functions"]
    assert functions.rosenbrock(np.array([0.0, 0.0])) == 1.0
    assert functions.rosenbrock(np.array([-1.2, 1.0])) == pytest.approx(24.2)
    assert functions.rastrigin(np.array([0.5, 1.0])) == pytest.approx(21.25)
    assert functions.ackley(np.array([1.0, 1.0])) == pytest.approx(3.6253849384)
    assert functions.schwefel(np.zeros(2)) == pytest.approx(837.9657745)
    assert functions.shekel(np.array([4.0, 4.0, 4.0, 4.0])) == pytest.approx(-10.5363, abs=2e-4)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (1.0, 2.0, "win"),
        (2.0, 1.0, "loss"),
        (1.0, 1.009, "draw"),
        (1.02, 1.0, "loss"),
        (9e-9, 0.0, "draw"),
        (0.0, 2e-8, "win"),
        (-1e-12, 0.0, "draw"),
    ],
)
def test_outcome_of_two_errors(
    peers: dict[str, ModuleType], ours: float, theirs: float, expected: str
) -> None:
    assert peers["tables"].outcome(ours, theirs) == expected


def test_wins_are_counted_over_the_cases_that_both_have_done(peers: dict[str, ModuleType]) -> None:
    medians = {
        ("levy", 2): {"a": 1.0, "b": 2.0, "c": 1.0},
        ("levy", 5): {"a": 3.0, "b": 2.0},
        ("levy", 10): {"a": 1e-9, "b": 1e-12},
    }
    assert peers["tables"].tallies(medians, "a", "b") == {"win": 1, "loss": 1, "draw": 1}
    assert peers["tables"].tallies(medians, "a", "c") == {"draw": 1}
    assert peers["tables"].winners(medians["levy", 2]) == ["a", "c"]


def test_medians_pass_over_what_was_not_measured(peers: dict[str, ModuleType]) -> None:
    assert peers["tables"].middle([None, 3.0, 1.0, 2.0]) == 2.0
    assert peers["tables"].middle([None]) is None


def test_a_budget_is_exact(peers: dict[str, ModuleType]) -> None:
    search, functions = peers["search"], peers["functions"]
    seen = []

    def counting(x: np.ndarray) -> float:
        seen.append(x)
        return float(x @ x)

    sphere = functions.Function(counting, -1.0, 1.0, 0.0)
    best = search.bare("Nelder-Mead again", sphere, 2, 123, seed=1)
    assert len(seen) == 123
    assert best == min(float(x @ x) for x in seen)


def test_managed_searches_find_what_their_seed_makes_them_find(
    peers: dict[str, ModuleType],
) -> None:
    search, text = peers["search"], peers["quality"].MANAGED["5 Nelder-Mead"]
    levy = peers["functions"].FUNCTIONS["levy"]
    first, again, other = (search.managed(text, levy, 2, 60, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert 0.0 <= search.managed(text, levy, 2, 600, 1) < first


def test_each_search_has_every_function_of_its_dimensions(peers: dict[str, ModuleType]) -> None:
    tasks = peers["quality"].tasks_of(2, 500, 10, ["one pycma", "NGOpt"])
    assert {t.n for t in tasks if t.search == "one pycma"} == {2, 4, 5, 10}
    assert {t.n for t in tasks if t.search == "NGOpt"} == {2, 4}
    assert {t.calls // t.n for t in tasks} == {500}
    assert len(set(tasks)) == len(tasks) == 2 * (6 * 3 + 1 + 6 + 1)


def test_missing_peers_skip_their_rows_alone(peers: dict[str, ModuleType]) -> None:
    missing = {"optuna": "no such package"}
    why = peers["venv"].why_skipped("Optuna TPE, memory", missing)
    assert why == "optuna cannot be used: no such package"
    assert peers["venv"].why_skipped("Nevergrad DE", missing) is None


def test_a_killed_job_of_ours_goes_on_exactly(peers: dict[str, ModuleType], tmp_path: Path) -> None:
    row = peers["speed"].Row("paramsrun CMAES", resume_calls=60)
    assert peers["speed"].our_parts(row, tmp_path).startswith("exact: 31 of 31")


def test_the_check_of_a_resume_sees_one_evaluation_that_differs(
    peers: dict[str, ModuleType],
) -> None:
    whole = [{"o": 1, "x0": [0.0]}, *({"n": n, "fx": 0.1 * n} for n in range(1, 5))]
    cut = [dict(event) for event in whole]
    cut[3]["fx"] += 1e-16
    assert peers["ours"].same_evaluations(whole, whole) == 4
    assert peers["ours"].same_evaluations(whole, cut) == 3
    assert peers["speed"].verdict(3, 4, whole == cut).startswith("DIFFERS: 3 of 4")
