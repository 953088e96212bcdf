"""A job whose parameters have types, scales and choices."""

from pathlib import Path

from tests.cli.jobs import SEED, function_job, paramsrun
from tests.resuming.runs import done, until

PARAMETERS = """\
---
dtype: Parameters
---
name: lr
value: 0.001
range: [1e-5, 0.1]
scale: log
is_active: true
---
name: width
type: integer
scale: log
value: 16
range: [1, 256]
is_active: true
---
name: act
type: categorical
choices: [relu, tanh, two words, off]
value: off
is_active: true
---
name: bias
type: categorical
choices: [true, false]
value: true
is_active: true
---
name: batch
type: categorical
choices: [16, 32, 64]
value: 32
is_active: true
---
name: fixed
type: categorical
choices: [a, b]
value: b
is_active: false
"""
NUMBERS = PARAMETERS.partition("---\nname: act")[0]
LOSS = """\
from math import log


def loss(p):
    if p["width"] > 200:
        raise ArithmeticError("too wide")
    assert [type(p[name]) for name in ("lr", "width")] == [float, int]
    names = ("act", "bias", "batch", "fixed")
    assert [type(p[name]) for name in names if name in p] in ([], [str, bool, int, str])
    choices = (p.get("act") != "tanh") + p.get("bias", 0) + p.get("batch", 16) / 100
    return log(p["lr"] / 0.01) ** 2 + log(p["width"] / 40) ** 2 + choices
"""
SAMPLERS = """\
Optimizer
  Type RandomSampling
  RandomSampling
    NumberOfSamples 13
  End
End
Optimizer
  Type GridSampling
  GridSampling
    NumberOfSamplesPerParameter 3
  End
End
ParallelLevels
  Optimizations 2
  ParameterVectors 3
End
LoggingInterval
  General 1
  Parameters 1
End
"""
ROUNDING = """\
Optimizer
  Type CMAES
  CMAES
    Popsize 5
    RoundIntegers Yes
  End
End
Optimizer
  Type Scipy
  Scipy
    RoundIntegers Yes
    Settings
      maxfev 17
    End
  End
End
Generator
  Type Perturbation
End
ParallelLevels
  ParameterVectors 1
End
"""


def typed_job(folder: Path, text: str = SAMPLERS, parameters: str = PARAMETERS) -> Path:
    """Write the job; return its input file."""
    path = function_job(folder, LOSS, SEED + text)
    path.write_text(path.read_text().replace("EndEngine", "  Arguments Named\nEndEngine"))
    (folder / "parameter_interface.yaml").write_text(parameters)
    return path


def run_typed(text: str = SAMPLERS, parameters: str = PARAMETERS, n: int = 60) -> Path:
    """Run the job in the folder job; return its results."""
    done(paramsrun(typed_job(Path("job"), text + until(n), parameters)))
    return Path("params.results")
