"""Write the job collection and the training set of this example.

    python make_reference.py

Every reference value is a sum over pairs of the ab initio potential of the argon dimer of Jäger,
Hellmann, Bich and Vogel, Mol. Phys. 107 (2009) 2181, corrigendum 108 (2010) 105. There are no
three-body terms. In the periodic systems pairs up to CUTOFF interact (plain truncation).
Needs numpy only.
"""

from math import factorial
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
SEED = 20091
CUTOFF = 15.0  # angstrom: what the LennardJones engine uses in a periodic system by default

MEV_PER_KELVIN = 0.08617333262  # CODATA 2022
MEV_PER_HARTREE = 27211.386246
BOHR = 0.529177210544  # angstrom

# The pair potential; energies in kelvin (V / Boltzmann's constant), lengths in nm.
A, B = 4.61330146e7, 40.2517211
A1, A2, A_1, A_2 = -29.8337630, -9.71208881, 2.75206827e-2, -1.01489050e-2
C = {
    6: 4.42812017e-1,
    8: 3.26707684e-2,
    10: 2.45656537e-3,
    12: 1.88246247e-4,
    14: 1.47012192e-5,
    16: 1.17006343e-6,
}

DIMER = (3.3, 3.4, 3.5, 3.6, 3.7, 3.8, 3.9, 4.1, 4.4, 4.8, 5.4, 6.5)  # angstrom
LATTICE_CONSTANTS = (5.25, 5.30, 5.35, 5.40, 5.45, 5.50, 5.55, 5.60, 5.65, 5.70)  # angstrom
AMPLITUDE = 0.15  # angstrom along each axis: solid argon at 50 K (Debye temperature 92 K)

SIGMA_DIMER, SIGMA_ENERGY = 0.5, 1.0  # meV an atom
SIGMA_FORCE = 5.0  # meV/angstrom


def pair_potential(r):
    """Return V [meV] and dV/dr [meV/angstrom] at distances r [angstrom] beyond 1.5."""
    nm = np.asarray(r) / 10.0
    repulsion = A * np.exp(A1 * nm + A2 * nm**2 + A_1 / nm + A_2 / nm**2)
    energy = repulsion
    slope = repulsion * (A1 + 2.0 * A2 * nm - A_1 / nm**2 - 2.0 * A_2 / nm**3)
    x, decay = B * nm, np.exp(-B * nm)
    for n, c in C.items():
        damping = 1.0 - decay * sum(x**k / factorial(k) for k in range(n + 1))
        energy = energy - c / nm**n * damping
        slope = slope + c / nm**n * (n / nm * damping - B * decay * x**n / factorial(n))
    return energy * MEV_PER_KELVIN, slope * MEV_PER_KELVIN / 10.0


def energy_and_forces(positions, edge=None):
    """Return the pair sum of a cluster, or of a cubic cell with all images within CUTOFF."""
    reach = int(np.ceil(CUTOFF / edge)) if edge else 0
    cells = np.array(list(np.ndindex(3 * (2 * reach + 1,)))) - reach
    energy, forces = 0.0, np.zeros_like(positions)
    for i, position in enumerate(positions):
        vectors = (positions + cells[:, None] * (edge or 0.0) - position).reshape(-1, 3)
        r = np.linalg.norm(vectors, axis=1)
        near = (r > 0.0) & (r <= (CUTOFF if edge else np.inf))
        v, slope = pair_potential(r[near])
        energy += v.sum() / 2.0
        forces[i] = (slope / r[near]) @ vectors[near]
    return energy, forces


def icosahedron(edge):
    """Return the 13 atoms of a centred icosahedron with this edge [angstrom]."""
    golden = (1.0 + 5.0**0.5) / 2.0
    corners = [(0.0, s, t * golden) for s in (1.0, -1.0) for t in (1.0, -1.0)]
    turned = [np.roll(corner, k) for k in range(3) for corner in corners]
    return np.array([np.zeros(3), *turned]) * edge / 2.0


def crystal(constant):
    """Return the 32 atoms of 2 x 2 x 2 fcc cells."""
    basis = np.array([(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)])
    return np.concatenate([(basis + cell) * constant for cell in np.ndindex(2, 2, 2)])


def systems():
    """Return {job ID: (positions, edge of the cubic cell or None)}; positions as written."""
    rng = np.random.default_rng(SEED)
    found = {f"dimer_{100 * r:.0f}": ([[0, 0, 0], [0, 0, r]], None) for r in DIMER}
    found["Ar13"] = icosahedron(3.85), None
    found["Ar13_distorted"] = icosahedron(3.95) + rng.normal(0.0, AMPLITUDE, (13, 3)), None
    for k, constant in enumerate(LATTICE_CONSTANTS, 1):
        displaced = crystal(constant) + rng.normal(0.0, AMPLITUDE, (32, 3))
        found[f"Ar32_{k:02}"] = displaced, 2.0 * constant
    return {name: (np.round(positions, 4), edge) for name, (positions, edge) in found.items()}


def job_collection():
    """Return the text of job_collection.yaml."""
    parts = ["---\ndtype: JobCollection\nversion: '1'\n"]
    for name, (positions, edge) in systems().items():
        atoms = "".join("      Ar {:8.4f} {:8.4f} {:8.4f}\n".format(*atom) for atom in positions)
        lattice = ""
        if edge:
            vectors = "".join(
                "      {:7.4f} {:7.4f} {:7.4f}\n".format(*v) for v in edge * np.eye(3)
            )
            lattice = f"    lattice\n{vectors}    end\n"
        parts.append(
            f"---\nID: {name}\nAMSInput: |\n"
            f"  Task SinglePoint\n  system\n    atoms\n{atoms}    end\n{lattice}  end\n"
        )
    return "".join(parts) + "...\n"


def training_set():
    """Return the text of training_set.yaml: energies per atom of all systems, and forces."""
    parts = ["---\ndtype: DataSet\nversion: '1'\n"]
    for name, (positions, edge) in systems().items():
        energy, forces = energy_and_forces(positions, edge)
        n = len(positions)
        sigma = SIGMA_DIMER if n == 2 else SIGMA_ENERGY
        parts.append(
            f"---\nExpression: energy('{name}')/{n}\nWeight: 1.0\nSigma: {sigma}\n"
            f"ReferenceValue: {energy / n:.4f}\nUnit: meV, {MEV_PER_HARTREE:.6f}\n"
        )
        if n > 2 and name != "Ar13":
            rows = ",\n".join("    [{:9.3f}, {:9.3f}, {:9.3f}]".format(*row) for row in forces)
            parts.append(
                f"---\nExpression: forces('{name}')\nWeight: {1 / (3 * n):.6f}\n"
                f"Sigma: {SIGMA_FORCE}\nReferenceValue: |\n  array([\n{rows}])\n"
                f"Unit: meV/angstrom, {MEV_PER_HARTREE / BOHR:.6f}\n"
            )
    return "".join(parts) + "...\n"


if __name__ == "__main__":
    (FOLDER / "job_collection.yaml").write_text(job_collection(), encoding="utf-8")
    (FOLDER / "training_set.yaml").write_text(training_set(), encoding="utf-8")
