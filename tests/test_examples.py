"""Every example runs to its end, and what its README says comes out does."""

import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from paramsrun.cli.command import main
from paramsrun.manager.events import Eval
from paramsrun.manager.state import RunState
from paramsrun.report import search
from paramsrun.report.search_importance import importance
from paramsrun.results import journal as journals
from paramsrun.results.reader import read
from tests.cli.jobs import start

EXAMPLES = Path(__file__).parents[1] / "examples"
INPUTS = sorted(
    str(path.relative_to(EXAMPLES))
    for path in EXAMPLES.glob("*/*.in")
    if "ResumeCheckpoint" not in path.read_text()
)
CLAIMED = [
    *("LJ_Ar/params.in", "function/params.in", "slurm/params.in"),
    *("hyperparameters/params.in", "hyperparameters/shared.in"),
]
"""Those that a test of their own runs."""
MULTIOPT = [name for name in INPUTS if name.startswith("LJ_Ar_multiopt/")]


def run(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> RunState:
    """Run the input of a copy of an example; return the final state."""
    example, file = name.split("/")
    if not (folder / example).is_dir():
        ignored = shutil.ignore_patterns("*.results", "*.png")
        shutil.copytree(EXAMPLES / example, folder / example, ignore=ignored)
    monkeypatch.chdir(folder / example)
    for command in (["check", file], [file]):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 0, result.output
        assert "Warning" not in result.output
    return read(Path(file).with_suffix(".results")).state


def best_of(state: RunState, o: int = 0) -> list[float]:
    """Return the best parameters of an optimizer, or of the run, in real units."""
    best = state.optimizers[o].best if o else state.best
    assert best.x is not None
    values: list[float] = state.scaling_of(best.o).real(best.x).tolist()
    return values


def test_every_folder_holds_an_input_and_a_readme() -> None:
    folders = sorted(p.name for p in EXAMPLES.iterdir() if p.is_dir() and p.name[0] not in "._")
    assert folders == sorted({name.split("/")[0] for name in INPUTS})
    assert all((EXAMPLES / name / "README.md").is_file() for name in folders)


@pytest.mark.parametrize("name", sorted({*INPUTS} - {*CLAIMED, *MULTIOPT}))
def test_it_runs_to_its_end(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = run(name, tmp_path, monkeypatch)
    assert state.exit is not None
    assert state.exit.how in ("conditions", "exhausted")


def test_argon_gives_what_its_readme_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = run("LJ_Ar/params.in", tmp_path, monkeypatch)
    readme = " ".join(Path("README.md").read_text().split())
    assert state.initial is not None
    for claim in (
        f"| loss | {state.initial.fx:.1f} | {state.best.fx:.2f} |",
        "| eps [hartree] | 3.0e-4 | 4.078e-4 (128.8 K) |",
        "| rmin [angstrom] | 4.1 | 3.777 |",
        "converges after some 700 evaluations",
    ):
        assert claim in readme
    eps, rmin = best_of(state)
    assert f"{eps:.3e}" == "4.078e-04"
    assert f"{rmin:.3f}" == "3.777"
    assert f"{eps * 315775.02480:.1f}" == "128.8"  # kelvin in a hartree, CODATA 2022
    assert 650 < state.n_evaluations < 750
    assert state.n_converged == 1


def test_the_predictions_for_argon_are_those_of_its_readme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("LJ_Ar/params.in", tmp_path, monkeypatch)
    best = Path("params.results/optimization/training_set_results/best")
    entries = list(yaml.safe_load_all((best / "data_set_predictions.yaml").read_text()))[1:]
    by_expression = {e["Expression"]: e for e in entries}
    readme = Path("README.md").read_text()
    for what, expression in (
        ("dimer at 3.8 angstrom [meV an atom]", "energy('dimer_380')/2"),
        ("Ar13 [meV an atom]", "energy('Ar13')/13"),
        ("Ar32_05 [meV an atom]", "energy('Ar32_05')/32"),
    ):
        entry = by_expression[expression]
        row = f"| {what} | {entry['ReferenceValue']:.2f} | {entry['Prediction']:.2f} |"
        assert row in readme


def test_the_function_reaches_its_minimum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = run("function/params.in", tmp_path, monkeypatch)
    assert state.n_converged == 1
    assert state.n_evaluations < 1000
    assert best_of(state) == pytest.approx([1.0, 1.0], abs=1e-3)


@pytest.fixture
def activated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `python` be the one that runs this."""
    folder = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_the_search_finds_good_hyperparameters(readme_runs: Callable[[Path], Path]) -> None:
    pytest.importorskip("optuna")
    state = read(readme_runs(EXAMPLES / "hyperparameters/README.md") / "search.results").state
    assert state.initial is not None
    assert state.initial.fx == pytest.approx(0.652, abs=0.001)
    assert state.n_evaluations == 40
    assert state.best.fx < 0.03
    assert 8 < state.n_pruned < 25
    assert state.n_infinite == 0


def test_the_search_tells_which_hyperparameters_matter(
    readme_runs: Callable[[Path], Path],
) -> None:
    pytest.importorskip("optuna")
    found = importance(
        search.read([readme_runs(EXAMPLES / "hyperparameters/README.md") / "search.results"])
    )
    assert found is not None


@pytest.mark.usefixtures("activated")
def test_processes_share_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    optuna = pytest.importorskip("optuna")
    shutil.copytree(EXAMPLES / "hyperparameters", tmp_path / "job")
    monkeypatch.chdir(tmp_path / "job")
    text = Path("shared.in").read_text().replace("NumberOfTrials 40", "NumberOfTrials 9")
    Path("shared.in").write_text(text)
    names = ("one", "two")
    processes = [start("shared.in", "--name", name, folder=Path()) for name in names]
    for process in processes:
        said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    own = [read(Path(f"{name}.results")).state.n_evaluations for name in names]
    study = optuna.load_study(study_name="spirals", storage="sqlite:///study.db")
    finished = [t for t in study.trials if t.state.name in ("COMPLETE", "PRUNED")]
    assert len(finished) == sum(own) == 9
    assert {tuple(t.params.items()) for t in study.trials if t.number == 0} == {INITIAL}


INITIAL = (("rate", 0.001), ("width1", 8), ("width2", 8), ("activation", "relu"), ("batch", 100))

Runs = dict[str, RunState]


@pytest.fixture(scope="module")
def runs(readme_runs: Callable[[Path], Path]) -> Iterator[Runs]:
    """Each input of LJ_Ar_multiopt, run in one folder, the current one while this fixture lives."""
    folder = readme_runs(EXAMPLES / "LJ_Ar_multiopt/README.md")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield {Path(name).stem: state_of(Path(name).name) for name in MULTIOPT}


def state_of(file: str) -> RunState:
    """Return the final state of an input that was run; none is to be warned of."""
    assert CliRunner().invoke(main, ["check", file]).exit_code == 0
    results = Path(file).with_suffix(".results")
    assert "Warning" not in (results / "job.log").read_text()
    return read(results).state


@pytest.fixture(scope="module")
def readme() -> str:
    return " ".join((EXAMPLES / "LJ_Ar_multiopt/README.md").read_text().split())


def ends(state: RunState) -> Counter[str]:
    return Counter(one.end.how if one.end else "job exit" for one in state.optimizers.values())


def at_minimum(state: RunState) -> list[int]:
    return [o for o, one in state.optimizers.items() if one.best.fx < 33.3]


def counts(state: RunState, optimizers: Iterable[int]) -> list[int]:
    return [state.optimizers[o].n_evaluations for o in optimizers]


def stopped_by(state: RunState) -> Counter[str]:
    """Count the optimizers that each stopper has ended."""
    true = re.compile(r"(\w+)\([^\n]*\) = True")
    return Counter(
        "".join(true.findall(one.end.reason))
        for one in state.optimizers.values()
        if one.end is not None and one.end.how == "stopped"
    )


def test_five_optimizers_at_once_fare_as_their_readme_says(runs: Runs, readme: str) -> None:
    state = runs["multiopt1"]
    one = state.optimizers
    assert (state.n_evaluations, state.n_infinite) == (707, 0)
    assert ends(state) == {"converged": 5, "job exit": 4}
    assert f"{state.best.fx:.2f}" == "32.76"
    assert [f"{value:.3g}" for value in best_of(state)] == ["0.000408", "3.78"]
    assert at_minimum(state) == [1, 2, 3, 4]
    assert counts(state, range(1, 10)) == [64, 142, 125, 135, 52, 89, 78, 16, 6]
    assert f"{one[5].best.fx:.0f}" == "65195"
    assert best_of(state, 5)[0] == pytest.approx(1e-5)
    assert f"{one[6].best.fx:.0f}" == "60093"
    assert f"{one[7].best.fx:.2f}" == "42.43"
    assert one[6].n_at_start == one[5].best.n
    for claim in (
        "It took them 64, 142, 125 and 135 evaluations",
        "lowered its loss from 2e9 to 65195",
        "89 evaluations brought it from 73850 to 60093",
        "on its way (42.43)",
        "had no time: 16 and 6 evaluations",
        "ended after 707",
    ):
        assert claim in readme


def test_the_log_shown_of_one_optimizer_is_that_of_the_run(runs: Runs, readme: str) -> None:
    assert runs
    log = Path("multiopt1.results/optimization/optimizer_005/training_set_results/running_loss.txt")
    for row in log.read_text().splitlines()[:5]:
        assert " ".join(row.split()[:3]) in readme


def test_stoppers_fare_as_their_readme_says(runs: Runs, readme: str) -> None:
    state = runs["multiopt2"]
    assert (state.n_evaluations, state.n_infinite, len(state.optimizers)) == (2500, 0, 95)
    assert ends(state) == {"converged": 1, "stopped": 89, "job exit": 5}
    assert stopped_by(state) == {
        "CurrentFunctionValueUnmoving": 63,
        "MaxInteroptimizerDistance": 26,
    }
    assert at_minimum(state) == [1]
    assert counts(state, [5, 6]) == [22, 13]
    assert sum(one.n_at_start < 707 for one in state.optimizers.values()) == 28
    assert f"{state.optimizers[8].best.fx:.1f}" == "171.8"
    end = state.optimizers[8].end
    assert end is not None
    for claim in (
        "95 optimizers were started instead of 9",
        "evaluation 707, 28 had been",
        "63 of them by the first stopper and 26 by the second, and 5 were alive",
        "after 22 evaluations instead of 52, and 6 after 13 instead of 89",
        " ".join(end.reason.split()),
    ):
        assert claim in readme


def test_a_spawning_limit_fares_as_its_readme_says(runs: Runs, readme: str) -> None:
    state = runs["multiopt3"]
    assert (state.n_evaluations, len(state.optimizers)) == (1580, 59)
    assert ends(state) == {"converged": 1, "stopped": 58}
    assert state.exit is not None
    assert state.exit.reason == "No optimizer is left and none may start"
    assert state.optimizers[59].n_at_start == 1498
    assert state.optimizers[57].last is not None
    assert state.optimizers[57].last.n == 1580
    first = ["multiopt2", "multiopt3"]
    assert len({tuple(losses(name)[:1500]) for name in first}) == 1
    for claim in (
        "number 59, starts at 1498",
        "of 59 optimizers one converged and 58 were stopped",
        "The last is number 57, at evaluation 1580",
        state.exit.reason,
    ):
        assert claim in readme


def losses(name: str) -> list[float]:
    journal = Path(f"{name}.results/optimization/journal")
    return [event.fx for event in journals.read(journal) if isinstance(event, Eval)][1:]


def test_two_types_of_optimizers_fare_as_their_readme_says(runs: Runs, readme: str) -> None:
    state = runs["multiopt4"]
    cmaes = [o for o, one in state.optimizers.items() if one.start.type == "CMAES"]
    assert (state.n_evaluations, len(state.optimizers)) == (1952, 22)
    assert ends(state) == {"converged": 1, "stopped": 21}
    assert cmaes == [18, 19, 20, 21, 22]
    assert at_minimum(state) == [1, 8, 13, 18, 20, 21, 22]
    assert counts(state, [1, 8, 13]) == [64, 43, 58]
    assert sorted(counts(state, [18, 20, 21, 22])) == [209, 280, 288, 394]
    assert [sum(counts(state, o)) for o in (range(1, 18), cmaes)] == [548, 1404]
    assert state.optimizers[22].n_at_start == 606
    assert state.optimizers[19].last is not None
    assert f"{state.optimizers[19].last.fx:.0f}" == "4191"
    others = {o: state.optimizers[o] for o in range(1, 18) if o not in at_minimum(state)}
    lowest = sorted(one.best.fx for one in others.values())
    assert [f"{fx:.0f}" for fx in (lowest[0], lowest[-1])] == ["3842", "65658"]
    assert sorted(counts(state, others))[:: len(others) - 1] == [10, 42]
    for claim in (
        "Of 17 Nelder-Mead optimizers 3 came to the minimum (1, 8 and 13), with 43 to 64",
        "stopped at losses of 3842 to 65658, after 10 to 42 evaluations",
        "Of 5 CMA-ES optimizers 4 came to the minimum (18, 20, 21 and 22), with 209 to 394",
        "stopped at a loss of 4191, though one of its candidates had been at 76.55",
        "took 548 evaluations and came to the minimum three times",
        "took 1404 and came to it four times",
        "starts at evaluation 606",
        "stopped at 1952",
    ):
        assert claim in readme


def test_infinite_losses_come_as_their_readme_says(runs: Runs, readme: str) -> None:
    state = runs["gaps"]
    assert (state.n_infinite, state.n_against, counts(state, [6])) == (0, 83, [78])
    assert state.optimizers[6].is_barren
    assert at_minimum(state) == [1, 2, 3, 4, 5]
    assert "Five evaluations of optimizer 5 violate the constraint" in readme
    assert "every one of its 78 evaluations" in readme
