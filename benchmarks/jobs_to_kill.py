"""The jobs that kill.py kills, and the loss that they minimise."""

from pathlib import Path
from typing import NamedTuple

CODE = """
import os, time
calls = os.open(os.environ["CALLS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
def loss(x):
    os.write(calls, x.tobytes())
    time.sleep(0.001)
    return float(((x - 0.3) ** 2).sum() + 3.0 * (x[0] - 0.3) * (x[1] - 0.3) + (x[2] - 0.3) ** 4)
"""
INTERFACE = "---\ndtype: Parameters\n" + "".join(
    f"---\nname: p{i}\nvalue: 0.7\nrange: [0.0, 1.0]\nis_active: true\n" for i in range(3)
)
CMAES = "Optimizer\n   Type CMAES\nEnd\n"
QUICK_CMAES = (
    "Optimizer\n   Type CMAES\n   CMAES\n      Settings\n         tolfun 1e-2\n"
    "         tolx 1e-2\n      End\n   End\nEnd\n"
)
NELDER_MEAD = "Optimizer\n   Type Scipy\n   Scipy\n      Algorithm Nelder-Mead\n   End\nEnd\n"
SAMPLING = (
    "Optimizer\n   Type RandomSampling\n   RandomSampling\n      NumberOfSamples 150\n   End\nEnd\n"
)
INLINE = "Evaluator\n   Type Inline\nEnd\n"
CHECKPOINTS = "CheckpointControl\n   EveryFunctionCalls 20\n   KeepPast 1\n   AtEnd Yes\nEnd\n"
FIVE = "ParallelLevels Optimizations=5 ParameterVectors=3\n"
RANDOM = "Generator\n   Type Random\nEnd\n"
WORKERS_OF_JOB = "Evaluator\n   Type Processes\n   Workers 2\n   Ordered {}\nEnd\n"
SHORT_LIVED = (
    "Stopper\n   Type MaxFunctionCalls\n   MaxFunctionCalls 37\nEnd\n"
    "ApplyStoppersToBestOptimizer Yes\n"
)
STOPPERS = (
    "Stopper\n   Type MaxInteroptimizerDistance\n   MaxInteroptimizerDistance\n"
    "      MaxRelativeDistance 0.05\n   End\nEnd\n"
    "Stopper\n   Type BestFunctionValueUnmoving\n   BestFunctionValueUnmoving\n"
    "      NumberOfFunctionCalls 12\n      Tolerance 0.05\n   End\nEnd\n"
    "Stopper\n   Type MinFunctionCalls\n   MinFunctionCalls 8\nEnd\n"
    "Stopper\n   Type TimeAnnealing\nEnd\n"
    "StopperBooleanCombination (1 | 2 | 4) & 3\n"
)
CHAIN = (
    "OptimizerSelector\n   Type Chain\n   Chain\n      Thresholds 60\n   End\nEnd\n"
    "ShareBestEvaluationBetweenOptimizers Yes\n"
)
MANAGED = FIVE + RANDOM + NELDER_MEAD + CMAES + STOPPERS + CHAIN + CHECKPOINTS


class Kind(NamedTuple):
    """A job to be killed."""

    text: str
    calls: int
    in_flight: int = 1
    """So many evaluations may be computed and not written."""
    startup_s: float = 0.06

    @property
    def managed(self) -> bool:
        """Whether it has several optimizers at once."""
        return FIVE in self.text

    @property
    def is_ordered(self) -> bool:
        """Whether its journal is always the same."""
        return "Ordered No" not in self.text


KINDS = {
    "CMAES": Kind(CMAES + INLINE, 200),
    "Nelder-Mead": Kind(NELDER_MEAD + INLINE, 180),
    "RandomSampling": Kind(SAMPLING + INLINE, 150),
    "two blocks": Kind(QUICK_CMAES + NELDER_MEAD + CHECKPOINTS + INLINE, 285),
    "five": Kind(MANAGED + INLINE, 260),
    "five, in order": Kind(MANAGED + WORKERS_OF_JOB.format("Yes"), 260, 15, 1.0),
    "five, as they come": Kind(
        FIVE
        + RANDOM
        + NELDER_MEAD
        + CMAES
        + SHORT_LIVED
        + CHECKPOINTS
        + WORKERS_OF_JOB.format("No"),
        260,
        15,
        1.0,
    ),
}


def write_job(folder: Path, kind: Kind) -> None:
    folder.mkdir(parents=True)
    (folder / "loss.py").write_text(CODE)
    (folder / "parameter_interface.yaml").write_text(INTERFACE)
    (folder / "params.in").write_text(
        f"RandomSeed 1\nEngine Function\n   Call loss:loss\nEndEngine\n{kind.text}"
        "ExitCondition\n   Type MaxTotalFunctionCalls\n"
        f"   MaxTotalFunctionCalls {kind.calls}\nEnd\n"
    )
