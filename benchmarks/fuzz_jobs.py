"""The jobs that fuzz.py changes: their texts, and folders filled with them."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner

from paramsrun.cli.command import main

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
JOURNAL = "optimization/journal/000001.jsonl"
RUN = "run.results"
WHOLE = "whole"
"""A copy of RUN that stays as it was."""
RESUME = "resume.in"

LJ = """\
Task Optimization
ParameterInterface parameter_interface.yaml
JobCollection job_collection.yaml
EngineCollection engine_collection.yaml
DataSet
   Name training_set
   Path training_set.yaml
   LossFunction SSE
End
DataSet
   Name validation_set
   Path validation_set.yaml
   EvaluateEvery 2
End
Optimizer
   Type CMAES
End
ExitCondition
   Type MaxTotalFunctionCalls
   MaxTotalFunctionCalls 20
End
"""
JOBS = """\
---
dtype: JobCollection
version: '1'
---
ID: dimer
ReferenceEngineID: reference
AMSInput: |
  Task SinglePoint
  system
    atoms
      Ar   0.0   0.0   0.0
      Ar   0.0   0.0   3.3
    end
  end
---
ID: crystal
Comment: periodic
AMSInput: |
  Task SinglePoint
  Properties Gradients=Yes StressTensor=Yes
  System
    Atoms [Bohr]
      Ar   0.0   0.0   0.0   region=a   # one
      Ar   0.0   3.0   6.0
      Ar   4.0   0.0   6.0
      Ar   4.0   3.0   0.5
    End
    Lattice
      10.0 0.0 0.0
      0.0 10.0 0.0
      0.0 0.0 11.0
    End
    Charge 0.0
  End
...
"""
ENGINES = """\
---
dtype: EngineCollection
version: '1'
---
ID: reference
AMSInput: |
  Engine LennardJones
    Eps 3.0e-4
    RMin 4.1
  EndEngine
...
"""
SET = """\
---
dtype: DataSet
version: '1'
---
Expression: energy('dimer')/2
Weight: 1.0
Sigma: 0.5
ReferenceValue: 2.8460
Unit: meV, 27211.386246
---
Expression: energy("crystal") - 2*energy('dimer')
Weight: 2.0
Sigma: 0.002
ReferenceValue: -0.1
---
Expression: forces('crystal')
Weight: [[1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
Sigma: 0.01
ReferenceValue: [[0.0, 0.1, 0.2], [0.0, 0.1, 0.2], [0.0, 0.1, 0.2], [0.0, 0.1, 0.2]]
---
Expression: distance('crystal', 0, 1) + angle('crystal', 0, 1, 2, mic=True)
ReferenceValue: 2.0
Weight: 1.0
---
Expression: stresstensor('crystal')
Weight: 1.0
ReferenceValue: |
   array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]])
...
"""
PARAMETERS = """\
---
dtype: LennardJonesParameters
version: '1'
---
name: eps         # well depth [hartree]
value: 3.0e-4
range: [1.0e-4, 1.0e-3]
is_active: true
scale: log
---
name: rmin
value: 4.1
range: [3.0, 5.0]
is_active: true
...
"""
TYPED = (EXAMPLES / "hyperparameters/parameter_interface.yaml").read_text()
TWO = """\
---
dtype: Parameters
---
name: a
value: -1.0
range: [-2.0, 2.0]
is_active: true
---
name: b
value: 1.0
range: [-2.0, 2.0]
is_active: true
...
"""
UNEVEN = """\
import math as m
def loss(x: "list[float]") -> float:
    if x[1] > 1.5:
        raise ArithmeticError("outside")
    return float(abs(x[0] - 0.3) + (x[1] - 0.2) ** 2)
"""
FUNCTION = """\
Engine Function
   Call uneven:loss
EndEngine
RandomSeed 5
Optimizer
   Type CMAES
   CMAES
      Popsize 5
      Settings
         maxiter 3
      End
   End
End
Optimizer
   Type Scipy
   Scipy
      Algorithm Nelder-Mead
   End
End
Evaluator
   Type Inline
End
CheckpointControl
   EveryFunctionCalls 10
   NamingFormat c%(count)
End
LoggingInterval
   General 1
End
"""
COMMAND = """\
Engine Command
   Command python ./program.py settings.txt
   Template settings.txt
   LossFile out.json
   LossKey loss.0
EndEngine
ParameterInterface typed.yaml
Optimizer
   Type RandomSampling
End
"""


def until(n: int) -> str:
    """Return the exit condition of n evaluations."""
    return f"ExitCondition\n   Type MaxTotalFunctionCalls\n   MaxTotalFunctionCalls {n}\nEnd\n"


def told(args: Sequence[str]) -> tuple[int, str, BaseException | None]:
    """Return the exit code of a command, what it printed, and what it raised if not an exit."""
    result = CliRunner().invoke(main, list(args), catch_exceptions=True)
    raised = None if isinstance(result.exception, SystemExit) else result.exception
    return result.exit_code, result.output, raised


def lennard_jones() -> None:
    """Write a job of two sets, with every file beside it that an input of the examples names."""
    for folder in ("function", "hyperparameters", "plugin_optimizer", "slurm"):
        for path in (EXAMPLES / folder).glob("*.py"):
            shutil.copy(path, path.name)
    Path("uneven.py").write_text(UNEVEN)
    Path("parameter_interface.yaml").write_text(PARAMETERS)
    Path("job_collection.yaml").write_text(JOBS)
    Path("engine_collection.yaml").write_text(ENGINES)
    Path("job_collection_engines.yaml").write_text(ENGINES)
    Path("training_set.yaml").write_text(SET)
    Path("validation_set.yaml").write_text(SET.replace("Weight: 1.0", "Weight: 0.5"))
    Path("two.yaml").write_text(TWO)
    Path("typed.yaml").write_text(TYPED)
    Path("lj.in").write_text(LJ)
    Path("including.in").write_text(f"@include included.in\n{until(20)}")
    Path("function.in").write_text(f"ParameterInterface two.yaml\n{FUNCTION}{until(30)}")
    Path("command.in").write_text(COMMAND)
    Path("named.in").write_text(COMMAND.replace("typed.yaml", "parameter_interface.yaml"))
    Path("program.py").write_text("print(1)\n")
    Path("settings.txt").write_text("rate {{rate:.3f}}\nwidth {{ width1 }}\n")


def recorded() -> None:
    """Run a small job, with a checkpoint, and write an input that goes on with it."""
    Path("uneven.py").write_text(UNEVEN)
    Path("parameter_interface.yaml").write_text(TWO)
    Path("run.in").write_text(FUNCTION + until(30))
    code, output, raised = told(["run.in"])
    assert code == 0, raised or output
    shutil.copytree(RUN, WHOLE)
    Path(RESUME).write_text(f"ResumeCheckpoint {RUN}\n{until(40)}")
    Path("resume_folder.in").write_text(f"ResumeCheckpoint {RUN}/checkpoints\n")
    Path("from_checkpoint.in").write_text(f"ResumeCheckpoint c.tar.gz\n{until(40)}")


def read_output() -> None:
    """Write jobs that read a loss from what a program prints, by line, by key and by pattern."""
    Path("parameter_interface.yaml").write_text(TWO)
    rest = "Evaluator\n   Type Inline\nEnd\nOptimizer\n   Type RandomSampling\nEnd\n" + until(1)
    keys = ("", "LossKey loss.0", "LossPattern loss (\\S+)", "LossFile out\n   LossKey loss")
    for k, key in enumerate(keys):
        program = "cp data out" if "LossFile" in key else "cat data"
        engine = f"Engine Command\n   Command {program}\n   File data\n   {key}\nEndEngine\n"
        Path(f"read{k}.in").write_text(engine + rest)
