"""Every example runs to its end, and what its README says comes out does."""

import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from paramsrun.cli.command import main
from paramsrun.manager.state import RunState
from paramsrun.results.reader import read

EXAMPLES = Path(__file__).parents[1] / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/params.in"))


def run(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> RunState:
    """Run a copy of an example as its README says; return its final state."""
    shutil.copytree(EXAMPLES / name, folder / name, ignore=shutil.ignore_patterns("*.results"))
    monkeypatch.chdir(folder / name)
    for command in (["check", "params.in"], ["params.in"]):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 0, result.output
        assert "Warning" not in result.output
    return read(Path("params.results")).state


def best_of(state: RunState) -> list[float]:
    assert state.best.x is not None
    values: list[float] = state.scaling_of(state.best.o).real(state.best.x).tolist()
    return values


def test_every_folder_holds_an_input_and_a_readme() -> None:
    folders = sorted(p.name for p in EXAMPLES.iterdir() if p.is_dir() and p.name[0] not in "._")
    assert folders == NAMES
    assert all((EXAMPLES / name / "README.md").is_file() for name in NAMES)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"LJ_Ar", "function"}))
def test_it_runs_to_its_end(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = run(name, tmp_path, monkeypatch)
    assert state.exit is not None
    assert state.exit.how in ("conditions", "exhausted")


def test_argon_gives_what_its_readme_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = run("LJ_Ar", tmp_path, monkeypatch)
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
    run("LJ_Ar", tmp_path, monkeypatch)
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
    state = run("function", tmp_path, monkeypatch)
    assert state.n_converged == 1
    assert state.n_evaluations < 1000
    assert best_of(state) == pytest.approx([1.0, 1.0], abs=1e-3)
