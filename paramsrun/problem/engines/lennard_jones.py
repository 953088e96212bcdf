"""Lennard-Jones pair potential between all atoms, whatever their element.

V(r) = eps [(rmin/r)^12 - 2 (rmin/r)^6], of depth eps at r = rmin. Energies, forces and stresses are
linear in eps rmin^12 and 2 eps rmin^6, so the sums over pairs are made once, when the engine is
bound to its jobs; afterwards a set of parameters costs a few array operations for all jobs.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Vector
from paramsrun.errors import nearest
from paramsrun.problem.contract import Job, JobFailed, Slot, System
from paramsrun.problem.pairs import Pairs, pairs_within
from paramsrun.settings.families import engines
from paramsrun.settings.keys import key
from paramsrun.settings.units import BOHR_IN_ANGSTROM

PERIODIC_CUTOFF = 15.0
COINCIDING = 1e-3
"""Atoms closer than this [angstrom] are taken for a mistake."""
LARGEST = 1e300
"""A term beyond this could make a sum overflow."""


class Sums(NamedTuple):
    """What eps rmin^12 and -2 eps rmin^6 are multiplied with, in the shape of the property."""

    twelve: NDArray[np.float64]
    six: NDArray[np.float64]


class Source(NamedTuple):
    """Where a parameter's value comes from: the parameter vector, or a key of the engine."""

    position: int | None
    fixed: float | None

    def value(self, values: Vector) -> float:
        """Return the value for this parameter vector."""
        return float(values[self.position]) if self.fixed is None else self.fixed


@engines.member("LennardJones")
@dataclass(frozen=True, kw_only=True)
class LennardJones:
    """Lennard-Jones potential with one eps and one rmin for all atoms.

    Parameters eps and rmin of the parameter interface take the place of the keys Eps and Rmin.
    """

    provides: ClassVar[frozenset[str]] = frozenset({"energy", "forces", "stresstensor"})

    eps: float | None = key(
        None, unit="hartree", doc="Well depth; needed where the parameter interface has no eps."
    )
    rmin: float | None = key(
        None,
        unit="angstrom",
        doc="Distance of the minimum; needed where the interface has no rmin.",
    )
    cutoff: float = key(
        0.0,
        unit="angstrom",
        at_least=0.0,
        doc="Pairs farther apart do not interact (plain truncation); small cells see every image "
        "within it. 0 means all pairs in a cluster and 15 angstrom in a periodic system.",
    )
    shift: bool = key(
        False, doc="Lift each pair within Cutoff by -V(Cutoff), so that the energy ends at 0 there."
    )

    def bind(
        self, jobs: Mapping[str, Job], wanted: Mapping[str, frozenset[str]], names: tuple[str, ...]
    ) -> "LennardJonesModel":
        """Sum over the pairs of every job."""
        mistakes = list(self._wrong_parameters(names))
        sums: dict[tuple[str, str], Sums] = {}
        for job in jobs.values():
            try:
                for name, found in self._sums(job, wanted.get(job.id, frozenset())):
                    sums[job.id, name] = found
            except ValueError as error:
                mistakes.append(f"job {job.id}: {error}")
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return LennardJonesModel(sums, self._source("eps", names), self._source("rmin", names))

    def _source(self, name: str, names: tuple[str, ...]) -> Source:
        return Source(names.index(name), None) if name in names else Source(None, self._key(name))

    def _key(self, name: str) -> float | None:
        return {"eps": self.eps, "rmin": self.rmin}[name]

    def _wrong_parameters(self, names: tuple[str, ...]) -> Iterator[str]:
        for name in names:
            if name not in ("eps", "rmin"):
                hint = nearest(name, ("eps", "rmin"))
                yield f"LennardJones has the parameters eps and rmin, not {name}{hint}"
        for name in ("eps", "rmin"):
            if name not in names and self._key(name) is None:
                yield (
                    f"LennardJones needs {name}: add it to the parameter interface "
                    f"or give the key {name.capitalize()}"
                )

    def _sums(self, job: Job, wanted: frozenset[str]) -> Iterator[tuple[str, Sums]]:
        if job.task != "singlepoint":
            raise ValueError(f"LennardJones runs single points only, not {job.task}")
        if unknown := wanted - self.provides:
            raise ValueError(f"LennardJones gives no {', '.join(sorted(unknown))}")
        if not wanted:
            return
        cutoff = self.cutoff or (math.inf if job.system.lattice is None else PERIODIC_CUTOFF)
        pairs = pairs_within(cutoff, job.system.positions, job.system.lattice)
        r2 = np.einsum("ij,ij->i", pairs.vectors, pairs.vectors)
        _refuse_coinciding(pairs, r2)
        for name in sorted(wanted):
            match name:
                case "energy":
                    yield name, _energy(r2, cutoff if self.shift else math.inf)
                case "forces":
                    yield name, _forces(r2, pairs, len(job.system.positions))
                case _:
                    yield name, _stress(r2, pairs, job.system)


class LennardJonesModel:
    """The engine bound to its jobs: all outputs are ``eps rmin^12 twelve - 2 eps rmin^6 six``."""

    def __init__(self, sums: Mapping[tuple[str, str], Sums], eps: Source, rmin: Source) -> None:
        self.eps, self.rmin = eps, rmin
        sizes = [found.twelve.size for found in sums.values()]
        starts = np.cumsum([0, *sizes]).tolist()
        self.layout: Mapping[tuple[str, str], Slot] = {
            where: Slot(start, found.twelve.shape)
            for start, (where, found) in zip(starts, sums.items(), strict=False)
        }
        self.twelve = _flat(found.twelve for found in sums.values())
        self.six = _flat(found.six for found in sums.values())
        self._peak12 = float(np.abs(self.twelve).max(initial=0.0))
        self._peak6 = float(np.abs(self.six).max(initial=0.0))

    def __call__(self, values: Vector, jobs: frozenset[str] | None = None) -> Vector:
        """Return the outputs of all jobs: a subset would not be cheaper."""
        eps, rmin = self.eps.value(values), self.rmin.value(values)
        rmin6 = (rmin * rmin) * (rmin * rmin) * (rmin * rmin)
        repulsion, attraction = eps * rmin6 * rmin6, 2.0 * eps * rmin6
        if not self._finite(repulsion, attraction):
            raise JobFailed(self._steepest(), f"overflow at eps = {eps!r}, rmin = {rmin!r}")
        outputs: Vector = repulsion * self.twelve
        outputs -= attraction * self.six
        return outputs

    def _finite(self, repulsion: float, attraction: float) -> bool:
        """Tell whether no output overflows; False for nan as well."""
        return not self.layout or (
            abs(repulsion) * self._peak12 < LARGEST and abs(attraction) * self._peak6 < LARGEST
        )

    def _steepest(self) -> str:
        peak = int(np.argmax(np.abs(self.twelve)))
        return next(
            job
            for (job, _), slot in self.layout.items()
            if slot.start <= peak < slot.start + math.prod(slot.shape)
        )


def _energy(r2: Vector, cutoff: float) -> Sums:
    """Return the energy sums [hartree], each pair shifted to 0 at the cutoff."""
    inverse6 = r2**-3
    twelve, six = inverse6**2 - cutoff**-12.0, inverse6 - cutoff**-6.0
    return Sums(np.asarray(twelve.sum()), np.asarray(six.sum()))


def _forces(r2: Vector, pairs: Pairs, n_atoms: int) -> Sums:
    """Return the force sums [hartree/bohr], (n_atoms, 3)."""

    def on_atoms(slopes: Vector) -> NDArray[np.float64]:
        forces = np.zeros((n_atoms, 3))
        along = BOHR_IN_ANGSTROM * slopes[:, None] * pairs.vectors
        np.add.at(forces, pairs.first, along)
        np.subtract.at(forces, pairs.second, along)
        return forces

    return Sums(*map(on_atoms, _slopes(r2)))


def _stress(r2: Vector, pairs: Pairs, system: System) -> Sums:
    """Return the sums of (1/volume) dE/dstrain [hartree/bohr^3], (3, 3)."""
    if system.lattice is None or len(system.lattice) != 3:
        raise ValueError("the stress tensor needs three lattice vectors")
    volume = abs(float(np.linalg.det(system.lattice))) / BOHR_IN_ANGSTROM**3
    vectors = pairs.vectors
    twelve, six = (np.einsum("k,ki,kj->ij", s, vectors, vectors) / volume for s in _slopes(r2))
    return Sums(twelve, six)


def _slopes(r2: Vector) -> tuple[Vector, Vector]:
    """Return (dV/dr) / r of each pair."""
    inverse8 = r2**-4
    return -12.0 * inverse8 * r2**-3, -6.0 * inverse8


def _refuse_coinciding(pairs: Pairs, r2: Vector) -> None:
    if len(r2) and r2.min() < COINCIDING**2:
        k = int(r2.argmin())
        raise ValueError(f"atoms {pairs.first[k]} and {pairs.second[k]} stand on the same spot")


def _flat(parts: Iterator[NDArray[np.float64]]) -> Vector:
    return np.concatenate([np.zeros(0), *(part.ravel() for part in parts)])
