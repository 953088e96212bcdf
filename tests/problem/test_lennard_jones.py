"""The engine against ASE's calculator, and by hand."""

import pickle
from collections.abc import Iterable

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.lj import LennardJones as AseLennardJones
from hypothesis import given, settings
from hypothesis import strategies as st

from paramsrun.errors import Place
from paramsrun.problem.contract import Job, JobFailed, System
from paramsrun.problem.engines.lennard_jones import LennardJones, LennardJonesModel
from paramsrun.settings.units import BOHR_IN_ANGSTROM

EPS, RMIN = 4.5e-4, 3.76
NAMES = ("eps", "rmin")
ALL = ("energy", "forces", "stresstensor")
TRICLINIC = [[6.0, 0.0, 0.0], [1.5, 5.5, 0.0], [-1.0, 2.0, 6.5]]


def job(positions, lattice=None, id="a", task="singlepoint") -> Job:
    positions = np.array(positions, dtype=float)
    cell = None if lattice is None else np.array(lattice, dtype=float)
    return Job(id, System(("Ar",) * len(positions), positions, cell), task, Place("jobs.yaml", 3))


def bound(jobs: Job | Iterable[Job], wanted=("energy",), names=NAMES, **keys) -> LennardJonesModel:
    jobs = [jobs] if isinstance(jobs, Job) else list(jobs)
    properties = {job.id: frozenset(wanted) for job in jobs}
    return LennardJones(**keys).bind({job.id: job for job in jobs}, properties, names)


def output(model: LennardJonesModel, property: str, id="a", values=(EPS, RMIN)) -> np.ndarray:
    slot = model.layout[id, property]
    size = int(np.prod(slot.shape))
    return model(np.array(values))[slot.start : slot.start + size].reshape(slot.shape)


def ase_results(system: System, cutoff: float, shifted: bool) -> dict[str, np.ndarray]:
    """Return ASE's results, computed in hartree and angstrom, in atomic units."""
    rank = 0 if system.lattice is None else len(system.lattice)
    cell = np.zeros((3, 3))
    if rank:
        cell[:rank] = system.lattice
    atoms = Atoms(system.symbols, system.positions, cell=cell, pbc=[k < rank for k in range(3)])
    sigma = RMIN / 2 ** (1 / 6)
    atoms.calc = AseLennardJones(epsilon=EPS, sigma=sigma, rc=cutoff)
    found = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces()}
    found["forces"] = found["forces"] * BOHR_IN_ANGSTROM
    if rank == 3:
        found["stresstensor"] = atoms.get_stress(voigt=False) * BOHR_IN_ANGSTROM**3
    if not shifted:  # ASE always shifts: take the shift of each pair away
        at_cutoff = EPS * ((RMIN / cutoff) ** 12 - 2 * (RMIN / cutoff) ** 6)
        n_neighbours = sum(
            int((np.einsum("ij,ij->i", d, d) <= cutoff**2).sum()) for d in _neighbours(atoms)
        )
        found["energy"] += at_cutoff * n_neighbours / 2
    return found


def _neighbours(atoms: Atoms) -> Iterable[np.ndarray]:
    for i in range(len(atoms)):
        others, cells = atoms.calc.nl.get_neighbors(i)
        yield atoms.positions[others] + cells @ atoms.cell.array - atoms.positions[i]


def assert_as_ase(job: Job, cutoff: float, shift: bool) -> None:
    properties = ALL if job.system.lattice is not None and len(job.system.lattice) == 3 else ALL[:2]
    model = bound(job, properties, cutoff=cutoff, shift=shift)
    # where pairs cancel (a crystal's forces) the deviation is relative to what one pair gives
    r = RMIN / BOHR_IN_ANGSTROM
    of_one_pair = {"energy": EPS, "forces": EPS / r, "stresstensor": EPS / r**3}
    for name, expected in ase_results(job.system, cutoff, shift).items():
        scale = max(np.abs(expected).max(), of_one_pair[name])
        np.testing.assert_allclose(output(model, name), expected, rtol=1e-12, atol=1e-12 * scale)


def scattered(n_atoms: int, spread: float, seed: int = 1) -> np.ndarray:
    """Return points on a jittered grid, so that no two are close."""
    rng = np.random.default_rng(seed)
    edge = int(np.ceil(n_atoms ** (1 / 3)))
    grid = np.array(list(np.ndindex(edge, edge, edge)))[:n_atoms]
    return (grid + rng.uniform(-0.15, 0.15, (n_atoms, 3))) * spread


@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize(
    ("positions", "lattice", "cutoff"),
    [
        pytest.param([[0, 0, 0], [3.9, 0, 0]], None, 50.0, id="dimer"),
        pytest.param(scattered(20, 3.9), None, 100.0, id="cluster"),
        pytest.param(scattered(20, 3.9), None, 7.0, id="cluster cut off"),
        pytest.param(scattered(27, 3.9), 11.7 * np.eye(3), 5.5, id="cubic"),
        pytest.param(scattered(8, 3.9), 7.8 * np.eye(3), 12.0, id="cubic, cutoff over the cell"),
        pytest.param([[0.1, 0.2, 0.3]], 3.7 * np.eye(3), 9.0, id="one atom and its images"),
        pytest.param([[0.3, 0.1, 0.2], [3.2, 3.7, 3.1]], TRICLINIC, 10.0, id="triclinic"),
        pytest.param([[0, 0, 0], [40.2, -31.3, 17.1]], TRICLINIC, 8.0, id="atom outside its cell"),
        pytest.param(scattered(8, 3.9), [[7.8, 0, 0], [0.5, 7.9, 0]], 9.0, id="slab"),
        pytest.param([[0, 0, 0], [0.5, 3.8, 0]], [[3.9, 0, 0]], 13.0, id="chain"),
    ],
)
def test_agrees_with_ase_to_1e_12(positions, lattice, cutoff, shift) -> None:
    assert_as_ase(job(positions, lattice), cutoff, shift)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 6), st.floats(2.0, 11.0))
def test_any_cell_agrees_with_ase(seed: int, rank: int, n_atoms: int, cutoff: float) -> None:
    rng = np.random.default_rng(seed)
    lattice = (np.diag(rng.uniform(8.0, 10.0, 3)) + rng.uniform(-1.5, 1.5, (3, 3)))[:rank]
    assert_as_ase(job(scattered(n_atoms, 3.9, seed) - 5.0, lattice), cutoff, shift=True)


def test_dimer_has_its_minimum_eps_deep_at_rmin() -> None:
    model = bound(job([[0, 0, 0], [0, 0, RMIN]]), ("energy", "forces"))
    assert output(model, "energy") == pytest.approx(-EPS, rel=1e-14)
    np.testing.assert_allclose(output(model, "forces"), 0.0, atol=1e-18)


def test_a_compressed_dimer_is_pushed_apart() -> None:
    forces = output(bound(job([[0, 0, 0], [0, 0, 3.0]]), ("forces",)), "forces")
    assert forces[1, 2] > 0
    np.testing.assert_array_equal(forces[0], -forces[1])


def test_forces_and_stress_are_derivatives_of_the_energy() -> None:
    positions, cell, step = scattered(4, 3.8), np.diag([7.7, 8.0, 7.9]), 1e-5
    rest = bound(job(positions, cell), ALL, cutoff=9.0, shift=True)

    def energy(displacement, strain) -> float:
        moved = (positions + displacement) @ (np.eye(3) + strain)
        return float(
            output(bound(job(moved, cell @ (np.eye(3) + strain)), cutoff=9.0, shift=True), "energy")
        )

    one = np.zeros((4, 3))
    one[2, 1] = step
    none, shear = np.zeros((3, 3)), np.zeros((3, 3))
    shear[0, 2] = shear[2, 0] = step / 2
    force = -(energy(one, none) - energy(-one, none)) / (2 * step) * BOHR_IN_ANGSTROM
    volume = 7.7 * 8.0 * 7.9 / BOHR_IN_ANGSTROM**3
    stress = (energy(0 * one, shear) - energy(0 * one, -shear)) / (2 * step) / volume
    assert output(rest, "forces")[2, 1] == pytest.approx(force, rel=1e-6)
    assert output(rest, "stresstensor")[0, 2] == pytest.approx(stress, rel=1e-6)


def test_without_a_cutoff_clusters_have_all_pairs_and_cells_those_within_15_angstrom() -> None:
    far = [[0, 0, 0], [60.0, 0, 0]]
    assert output(bound(job(far)), "energy") == pytest.approx(-2 * EPS * (RMIN / 60) ** 6, rel=1e-9)
    cell = job([[0, 0, 0]], 7.0 * np.eye(3))
    unset, fifteen = bound(cell), bound(cell, cutoff=15.0)
    np.testing.assert_array_equal(output(unset, "energy"), output(fifteen, "energy"))


def test_plain_truncation_leaves_pairs_within_the_cutoff_as_they_are() -> None:
    dimer = job([[0, 0, 0], [0, 0, 5.0]])
    kept, dropped = bound(dimer, cutoff=5.0), bound(dimer, cutoff=4.999)
    np.testing.assert_array_equal(output(kept, "energy"), output(bound(dimer), "energy"))
    assert output(dropped, "energy") == 0.0


def test_a_shifted_pair_ends_at_zero_at_the_cutoff() -> None:
    model = bound(job([[0, 0, 0], [0, 0, 5.0]]), cutoff=5.0, shift=True)
    assert output(model, "energy") == pytest.approx(0.0, abs=1e-18)


def test_a_single_atom_has_no_energy_and_no_force() -> None:
    model = bound(job([[1.0, 2.0, 3.0]]), ("energy", "forces"))
    np.testing.assert_array_equal(model(np.array([EPS, RMIN])), np.zeros(4))


def test_only_wanted_properties_are_in_the_outputs() -> None:
    jobs = [job(scattered(5, 4.0), id="a"), job(scattered(3, 4.0), id="b")]
    wanted = {"a": frozenset({"energy"}), "b": frozenset({"forces"})}
    model = LennardJones().bind({j.id: j for j in jobs}, wanted, NAMES)
    assert model.layout == {("a", "energy"): (0, ()), ("b", "forces"): (1, (3, 3))}
    assert model(np.array([EPS, RMIN])).shape == (10,)


def test_a_job_from_which_nothing_is_wanted_takes_no_room() -> None:
    model = LennardJones().bind({"a": job([[0, 0, 0]])}, {}, NAMES)
    assert model(np.array([EPS, RMIN])).shape == (0,)


def test_parameters_are_found_by_name_and_come_before_keys() -> None:
    dimer = job([[0, 0, 0], [0, 0, 4.1]])
    expected = output(bound(dimer), "energy")
    swapped = bound(dimer, names=("rmin", "eps"))
    fixed = bound(dimer, names=("rmin",), eps=EPS, rmin=99.0)
    assert output(swapped, "energy", values=(RMIN, EPS)) == expected
    assert output(fixed, "energy", values=(RMIN,)) == expected


def test_the_model_can_be_sent_to_a_worker() -> None:
    model = bound(job(scattered(6, 3.8)), ("energy", "forces"))
    values = np.array([EPS, RMIN])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model))(values), model(values))


def test_every_call_returns_an_array_of_its_own() -> None:
    model, values = bound(job(scattered(3, 3.8)), ("forces",)), np.array([EPS, RMIN])
    first = model(values)
    kept = first.copy()
    model(2 * values)
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("values", [(1.0, 1e30), (1e300, 5.0), (1.0, np.inf), (np.nan, 3.8)])
def test_overflow_is_a_failure_of_the_steepest_job(values) -> None:
    jobs = [job([[0, 0, 0], [0, 0, 4.0]], id="far"), job([[0, 0, 0], [0, 0, 2.0]], id="near")]
    model = bound(jobs, ("energy", "forces"))
    with pytest.raises(JobFailed) as raised:
        model(np.array(values))
    assert raised.value.failure.where == "near"
    assert raised.value.failure.reason.startswith("overflow at eps = ")


def test_a_vanishing_rmin_means_no_interaction() -> None:
    np.testing.assert_array_equal(
        bound(job(scattered(3, 3.8)), ("forces",))(np.array([EPS, 1e-60])), np.zeros(9)
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"jobs": job([[0, 0, 0], [1, 1, 1], [0, 0, 0]])},
            "^job a: atoms 0 and 2 stand on the same spot$",
        ),
        (
            {"jobs": job([[0, 0, 0], [3, 0, 5]], [[3.0, 0, 0], [0, 0, 5.0]])},
            "^job a: atoms 0 and 1 stand on the same spot$",
        ),
        (
            {"jobs": job([[0, 0, 0]], [[3.0, 0, 0], [6.0, 0, 0]])},
            "^job a: the lattice vectors are linearly dependent$",
        ),
        (
            {"jobs": job([[0, 0, 0]], task="geometryoptimization")},
            "^job a: LennardJones runs single points only, not geometryoptimization$",
        ),
        (
            {"jobs": job([[0, 0, 0]]), "wanted": ("charges",)},
            "^job a: LennardJones gives no charges$",
        ),
        (
            {"jobs": job([[0, 0, 0]], [[4.0, 0, 0]]), "wanted": ("stresstensor",)},
            "^job a: the stress tensor needs three lattice vectors$",
        ),
        (
            {"jobs": job([[0, 0, 0]]), "names": ("rmin", "epsilon"), "eps": 1.0},
            "^LennardJones has the parameters eps and rmin, not epsilon; did you mean eps[?]$",
        ),
        (
            {"jobs": job([[0, 0, 0]]), "names": ("eps",)},
            "^LennardJones needs rmin: add it to the parameter interface or give the key Rmin$",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_in_words(wrong, message) -> None:
    with pytest.raises(ValueError, match=message):
        bound(**wrong)


def test_all_that_cannot_be_run_is_told_at_once() -> None:
    jobs = [job([[0, 0, 0]] * 2, id="one"), job([[0, 0, 0]] * 2, id="two")]
    with pytest.raises(ValueError, match=r"needs rmin.*\njob one: .*\njob two: "):
        bound(jobs, names=("eps",))
