"""The data of examples/LJ_Ar: where its numbers come from, and that they are the script's."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from paramsrun.errors import Findings
from paramsrun.problem.contract import Key
from paramsrun.problem.load import load_problem
from paramsrun.settings.read_job import read_job

EXAMPLE = Path(__file__).parents[2] / "examples" / "LJ_Ar"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", EXAMPLE / "make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pair_potential_has_the_published_well_and_diameter(script) -> None:
    depth, bottom, diameter = 143.123, 0.376182, 0.335741  # K, nm, nm: Jäger et al. 2009
    minimum = brentq(lambda r: script.pair_potential(r)[1], 3.5, 4.0, xtol=1e-12)
    zero = brentq(lambda r: script.pair_potential(r)[0], 3.2, 3.6, xtol=1e-12)
    assert -script.pair_potential(minimum)[0] / script.MEV_PER_KELVIN == pytest.approx(
        depth, abs=5e-4
    )
    assert minimum / 10 == pytest.approx(bottom, abs=5e-7)
    assert zero / 10 == pytest.approx(diameter, abs=5e-7)


def test_the_slope_is_the_derivative_of_the_pair_potential(script) -> None:
    r, step = np.linspace(2.8, 12.0, 30), 1e-5
    difference = script.pair_potential(r + step)[0] - script.pair_potential(r - step)[0]
    np.testing.assert_allclose(script.pair_potential(r)[1], difference / (2 * step), rtol=1e-5)


def test_forces_are_derivatives_of_the_energy_of_a_cell(script) -> None:
    positions, edge = script.systems()["Ar32_01"]
    step = np.zeros_like(positions)
    step[7, 1] = 1e-5
    up, down = (script.energy_and_forces(positions + s, edge)[0] for s in (step, -step))
    forces = script.energy_and_forces(positions, edge)[1]
    assert forces[7, 1] == pytest.approx(-(up - down) / 2e-5, rel=1e-6)


def test_the_cluster_is_an_icosahedron(script) -> None:
    atoms = script.icosahedron(3.85)
    apart = np.linalg.norm(atoms - atoms[:, None], axis=2)
    assert np.isclose(apart, 3.85).sum(axis=1).tolist() == [0] + 12 * [5]
    np.testing.assert_allclose(apart[0, 1:], 3.85 * np.sin(np.radians(72)))


@pytest.mark.parametrize("name", ["job_collection", "training_set"])
def test_the_script_reproduces_the_files(script, name: str) -> None:
    assert getattr(script, name)() == (EXAMPLE / f"{name}.yaml").read_text(encoding="utf-8")


def test_the_fit_ends_where_the_readme_says() -> None:
    findings = Findings()
    settings, tree = read_job(EXAMPLE / "params.in", findings)
    problem = load_problem(settings, EXAMPLE.joinpath, [], findings, seed=1, tree=tree)
    findings.check()

    def loss(x) -> float:
        return problem.evaluate(np.array([1e-4 * x[0], x[1]]), Key(1, 1)).fx

    assert loss([3.0, 4.1]) == pytest.approx(20754.3, abs=0.05)
    dimer = 143.1232 * 8.617333262e-5 / 27.211386246  # K to hartree
    assert loss([1e4 * dimer, 3.76182]) == pytest.approx(800.0, abs=0.5)
    found = minimize(loss, [3.0, 4.1], method="Nelder-Mead")
    assert found.fun == pytest.approx(32.76, abs=0.005)
    assert found.x == pytest.approx([4.078, 3.777], abs=6e-4)
