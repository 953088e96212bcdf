"""Time Problem.evaluate with the Lennard-Jones engine against ASE's calculator.

    python benchmarks/lennard_jones.py

Both compute all energies and forces of a set of systems at new parameter values, again and again;
Problem.evaluate makes predictions and the loss of them as well. ASE is timed twice: with a new
calculator for new parameters, against which the budget counts, and keeping its neighbour lists.
Ratios are of the shortest times in this run. The difference is the largest one between predicted
numbers and ASE's, relative to the largest energy or force component.
"""

import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.lj import LennardJones as AseLennardJones

from paramsrun.errors import Findings
from paramsrun.problem.contract import Key
from paramsrun.problem.load import load_problem
from paramsrun.problem.problem import Problem
from paramsrun.settings.read_job import read_job
from paramsrun.settings.units import BOHR_IN_ANGSTROM

TOLERANCE = 1e-12
POINTS = [np.array([4.5e-4 + 1e-6 * k, 3.76 + 0.001 * k]) for k in range(7)]
Function = Callable[[np.ndarray], np.ndarray]

INPUT = """
RandomSeed 1
Engine LennardJones
   Cutoff {cutoff}
   Shift Yes    # as ASE does
EndEngine
"""
PARAMETERS = """---
dtype: LennardJonesParameters
---
{name: eps, value: 4.0e-4, range: [1.0e-4, 1.0e-3], is_active: true}
---
{name: rmin, value: 3.8, range: [3.0, 5.0], is_active: true}
"""


def clusters() -> list[Atoms]:
    """Return 10 clusters of 2 to 32 atoms."""
    rng = np.random.default_rng(1)
    grid = np.array(list(np.ndindex(4, 4, 4)))
    sizes = np.linspace(2, 32, 10).round().astype(int)
    return [Atoms(f"Ar{n}", 3.9 * (grid[:n] + rng.uniform(-0.1, 0.1, (n, 3)))) for n in sizes]


def crystals() -> list[Atoms]:
    """Return 10 periodic systems of 32 atoms."""
    rng = np.random.default_rng(2)
    basis = np.array([(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)])
    sites = np.concatenate([basis + cell for cell in np.ndindex(2, 2, 2)])
    positions = [5.4 * sites + rng.normal(0, 0.15, (32, 3)) for _ in range(10)]
    return [Atoms("Ar32", p, cell=[10.8] * 3, pbc=True) for p in positions]


def with_ase(systems: list[Atoms], cutoff: float, keep_lists: bool = False) -> Function:
    """Return a function of (eps, rmin) that gives all energies and forces, in atomic units."""
    for atoms in systems:
        atoms.calc = AseLennardJones(rc=cutoff)

    def outputs(x: np.ndarray) -> np.ndarray:
        found = []
        new = {"epsilon": x[0], "sigma": x[1] / 2 ** (1 / 6)}
        for atoms in systems:
            if keep_lists:
                atoms.calc.set(**new)
                atoms.calc.results.clear()
            else:
                atoms.calc = AseLennardJones(rc=cutoff, **new)
            found.append([atoms.get_potential_energy()])
            found.append(atoms.get_forces().ravel() * BOHR_IN_ANGSTROM)
        return np.concatenate(found)

    return outputs


def problem_of(systems: list[Atoms], cutoff: float, folder: Path) -> Problem:
    """Write the files of a job that fits energies and forces, and read them."""
    jobs, data = ["---\ndtype: JobCollection\n"], ["---\ndtype: DataSet\n"]
    for k, atoms in enumerate(systems):
        jobs.append(f"---\nID: s{k}\nAMSInput: |\n  Task SinglePoint\n{_system(atoms)}")
        zeros = np.zeros((len(atoms), 3)).tolist()
        for call, reference in ((f"energy('s{k}')", 0.0), (f"forces('s{k}')", zeros)):
            data.append(f"---\nExpression: {call}\nWeight: 1.0\nReferenceValue: {reference}\n")
    (folder / "params.in").write_text(INPUT.format(cutoff=cutoff))
    (folder / "parameter_interface.yaml").write_text(PARAMETERS)
    (folder / "job_collection.yaml").write_text("".join(jobs))
    (folder / "training_set.yaml").write_text("".join(data))
    findings = Findings()
    settings, tree = read_job(folder / "params.in", findings)
    problem = load_problem(settings, folder.joinpath, [], findings, seed=1, tree=tree)
    findings.check()
    assert problem is not None
    return problem


def _system(atoms: Atoms) -> str:
    rows = "".join("      Ar {!r} {!r} {!r}\n".format(*p) for p in atoms.positions.tolist())
    vectors = "".join("      {!r} {!r} {!r}\n".format(*v) for v in atoms.cell.tolist())
    lattice = f"    Lattice\n{vectors}    End\n" if atoms.pbc.any() else ""
    return f"  System\n    Atoms\n{rows}    End\n{lattice}  End\n"


def seconds(function: Callable[[np.ndarray], object], at_least: float) -> float:
    """Return the shortest time of a call, over repetitions that take this long together."""
    points, shortest, end = cycle(POINTS), np.inf, time.perf_counter() + at_least
    while time.perf_counter() < end:
        x = next(points)
        begin = time.perf_counter()
        function(x)
        shortest = min(shortest, time.perf_counter() - begin)
    return shortest


def difference(ours: Function, ase: Function, systems: list[Atoms]) -> float:
    """Return the largest difference, relative to the largest energy or force component."""
    is_force = np.concatenate([[False] + 3 * len(atoms) * [True] for atoms in systems])
    worst = 0.0
    for x in POINTS:
        found, expected = ours(x), ase(x)
        for kind in (is_force, ~is_force):
            off = np.abs(found - expected)[kind].max() / np.abs(expected[kind]).max()
            worst = max(worst, float(off))
    return worst


def row(title: str, systems: list[Atoms], cutoff: float, budget: int) -> bool:
    """Print what one set of systems takes; tell whether it is right and within its budget."""
    with tempfile.TemporaryDirectory() as folder:
        problem = problem_of(systems, cutoff, Path(folder))

    def predicted(x: np.ndarray) -> np.ndarray:
        return problem.evaluate(x, Key(1, 1)).training.predictions

    t_kept = seconds(with_ase(systems, cutoff, keep_lists=True), 1.0)
    ase = with_ase(systems, cutoff)
    off = difference(predicted, ase, systems)
    t_ase, t_ours = seconds(ase, 2.0), seconds(lambda x: problem.evaluate(x, Key(1, 1)), 1.0)
    t_model = seconds(problem.training.model, 0.5)
    print(
        f"{title:24} {t_ase * 1e3:7.2f} ms {t_ours * 1e6:6.1f} us {t_model * 1e6:6.1f} us "
        f"{t_ase / t_ours:7.0f} {budget:>8} {t_kept / t_ours:11.0f} {off:11.1e}"
    )
    return off <= TOLERANCE and t_ase / t_ours >= budget


def main() -> None:
    """Print a row for each set of systems; exit with 1 if one misses its mark."""
    print(
        f"{'':24} {'ASE':>10} {'evaluate':>9} {'engine':>9} {'ratio':>7} {'budget':>8} "
        f"{'lists kept':>11} {'difference':>11}"
    )
    met = [
        row("10 clusters, 2-32 atoms", clusters(), 100.0, 300),
        row("10 periodic Ar32", crystals(), 8.0, 1000),
    ]
    raise SystemExit(not all(met))


if __name__ == "__main__":
    main()
