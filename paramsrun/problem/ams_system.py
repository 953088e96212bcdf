"""The AMS driver's input: what is to be computed, and for which atoms."""

import math
import re
from collections.abc import Iterator

import numpy as np

from paramsrun.arrays import Matrix
from paramsrun.errors import Findings, Place, nearest
from paramsrun.input import Block, Key, Scope, Source, Word, parse
from paramsrun.problem.contract import Job, System
from paramsrun.settings.number_advice import number_advice
from paramsrun.settings.units import UnknownUnit, convert

_ELEMENTS = """
    H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se
    Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy
    Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf
    Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"""
SYMBOLS = tuple(_ELEMENTS.split())
_TASKS = """
    SinglePoint GeometryOptimization TransitionStateSearch PESScan NEB MolecularDynamics
    VibrationalAnalysis IRC PESExploration"""
TASKS = tuple(_TASKS.split())

SCOPE = Scope(
    keys=frozenset({"Task", "RNGSeed", "UseSymmetry"}),
    blocks={
        "System": Scope(
            keys=frozenset({"Charge", "GuessBonds", "Symmetrize", "AllowCloseAtoms"}),
            free=frozenset({"Atoms", "Lattice", "BondOrders"}),
        ),
        "Properties": Scope(
            keys=frozenset(
                {"BondOrders", "Charges", "DipoleGradients", "DipoleMoment", "ElasticTensor"}
                | {"Gradients", "Hessian", "Molecules", "NormalModes", "Other", "Phonons"}
                | {"PESPointCharacter", "Polarizability", "Raman", "StressTensor", "VCD"}
            )
        ),
        "GeometryOptimization": Scope(
            keys=frozenset(
                {"CalcPropertiesOnlyIfConverged", "CoordinateType", "InitialHessian"}
                | {"KeepIntermediateResults", "MaxIterations", "MaxRestarts", "Method"}
                | {"OptimizeLattice", "RestartDisplacement"}
            ),
            blocks={
                "Convergence": Scope(
                    keys=frozenset(
                        {"Energy", "Gradients", "Quality", "Step", "StressEnergyPerAtom"}
                    )
                ),
            },
            free=frozenset({"InitialHessianFile"}),
        ),
    },
    free=frozenset({"Constraints"}),
)
"""The names that a job may hold; only the task and the system matter to the engines so far."""

_ENGINE = re.compile(r"^[ \t]*(engine|@include)\b", re.IGNORECASE | re.MULTILINE)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?", re.ASCII)


def read_job(name: str, source: Source, place: Place, findings: Findings) -> Job | None:
    """Return the job that an AMS input describes; None, and the mistakes, where it has some."""
    n_before = len(findings.mistakes)
    foreign = _ENGINE.search(source.text)
    if foreign:
        line = source.text.count("\n", 0, foreign.start(1)) + 1
        text = f"{foreign[1]} may not stand in a job: engines are named by the job's other keys"
        findings.mistake(source.place(line, 1), text)
        return None
    root = parse(source, SCOPE, findings)
    task = _task(root, findings)
    system = _system(root, place, findings)
    if len(findings.mistakes) > n_before or system is None:
        return None
    return Job(name, system, task.casefold(), place)


def _task(root: Block, findings: Findings) -> str:
    """Return the task, which is a single point where none is given."""
    key = root.get("Task")
    if not isinstance(key, Key) or key.value is None:
        return "SinglePoint"
    given = key.value
    known = {task.casefold(): task for task in TASKS}.get(given.text.casefold())
    if known is None:
        text = f"Task {given.text}: no such task{nearest(given.text, TASKS)}"
        findings.mistake(given.place, text)
    elif known != "SinglePoint":
        findings.mistake(
            given.place, f"Task {known} is not available yet; for now give SinglePoint"
        )
    return "SinglePoint"


def _system(root: Block, place: Place, findings: Findings) -> System | None:
    blocks = [b for b in root.all("System") if isinstance(b, Block)]
    if not blocks:
        findings.mistake(place, "a job needs a block System with its Atoms")
        return None
    if len(blocks) > 1:
        text = "System is given twice; jobs with several systems are not available yet"
        findings.mistake(blocks[1].place, text)
    return _Reader(findings).system(blocks[0])


class _Reader:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def _mistake(self, place: Place, text: str) -> None:
        self._findings.mistake(place, text)

    def system(self, block: Block) -> System | None:
        n_before = len(self._findings.mistakes)
        symbols, positions = self._atoms(block)
        lattice = self._lattice(block)
        charge = self._charge(block)
        if len(self._findings.mistakes) > n_before:
            return None
        return System(symbols, positions, lattice, charge)

    def _atoms(self, block: Block) -> tuple[tuple[str, ...], Matrix]:
        atoms = self._only(block, "Atoms")
        if atoms is None or not atoms.lines:
            self._mistake(block.place if atoms is None else atoms.place, "System needs Atoms")
            return (), np.zeros((0, 3))
        symbols = [self._symbol(line) for line in atoms.lines]
        rows = [self._row(line, _words(line)[1:], "an atom is") for line in atoms.lines]
        return tuple(symbols), np.array(rows) * self._angstrom(atoms)

    def _lattice(self, block: Block) -> Matrix | None:
        lattice = self._only(block, "Lattice")
        if lattice is None or not lattice.lines:
            return None
        n_before = len(self._findings.mistakes)
        rows = [self._row(line, _words(line), "a lattice vector is") for line in lattice.lines]
        if len(rows) > 3:
            self._mistake(lattice.lines[3].place, "Lattice takes at most three vectors")
        vectors: Matrix = np.array(rows) * self._angstrom(lattice)
        if len(self._findings.mistakes) == n_before and np.linalg.matrix_rank(vectors) < len(rows):
            self._mistake(lattice.place, "the vectors of Lattice are linearly dependent")
        return vectors

    def _charge(self, block: Block) -> float:
        key = block.get("Charge")
        if not isinstance(key, Key) or key.value is None:
            return 0.0
        return self._number(key.value.text, key.value.place)

    def _only(self, block: Block, name: str) -> Block | None:
        found = [b for b in block.all(name) if isinstance(b, Block)]
        for again in found[1:]:
            self._mistake(
                again.place, f"{name} is given twice, first on line {found[0].place.line}"
            )
        return found[0] if found else None

    def _angstrom(self, block: Block) -> float:
        """Return what one of the block's unit is in angstrom."""
        if block.header is None:
            return 1.0
        unit = block.header.text.strip().removeprefix("[").removesuffix("]").strip()
        try:
            return convert(1.0, unit, "angstrom")
        except UnknownUnit as error:
            self._mistake(block.header.place, f"{block.name} {error}")
            return 1.0

    def _symbol(self, line: Word) -> str:
        given = line.text.split()[0]
        symbol = given.partition(".")[0].capitalize()
        if symbol not in SYMBOLS:
            ghost = symbol == "Gh"
            text = "ghost atoms are not available" if ghost else f"there is no element {given}"
            self._mistake(line.place, text)
        return symbol

    def _row(self, line: Word, words: list[str], what: str) -> list[float]:
        if len(words) < 3 or any("=" not in word for word in words[3:]):
            element = "an element and " if what == "an atom is" else ""
            self._mistake(line.place, f"{what} {element}three numbers, not {line.text}")
            return [0.0, 0.0, 0.0]
        return [self._number(word, line.place) for word in words[:3]]

    def _number(self, text: str, place: Place) -> float:
        value = math.nan
        if _NUMBER.fullmatch(text):
            value = float(text.replace("d", "e").replace("D", "e"))
        if not math.isfinite(value):
            self._mistake(place, f"{text} is not a number{number_advice(text)}")
            return 0.0
        return value


def _words(line: Word) -> list[str]:
    """Return the words of a line, without a comment at its end."""
    return list(_until_comment(line.text.split()))


def _until_comment(words: list[str]) -> Iterator[str]:
    for word in words:
        if word[0] in "#!" or word.startswith("::"):
            return
        yield word
