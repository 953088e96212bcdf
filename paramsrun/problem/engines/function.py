"""Any Python callable as the thing that is minimised: ``Call module:name``."""

import inspect
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Vector
from paramsrun.errors import Findings, Place
from paramsrun.problem.black_box import Surroundings
from paramsrun.problem.contract import Failure, Key, SetEvaluation, own_residuals
from paramsrun.problem.parameters import ParameterInterface
from paramsrun.problem.user_code import UserCode, is_call
from paramsrun.settings.families import engines
from paramsrun.settings.keys import key

INFINITE = float("inf")
_NUMBERS = "biuf"
"""The kinds of numpy's types that are real numbers."""


@engines.member("Function")
@dataclass(frozen=True, kw_only=True)
class Function:
    """A Python function of the active parameters.

    It takes a vector in real units, in the order of the parameter interface, or a dictionary, and
    returns the loss, or a vector of residuals r, and then the loss is the sum of r squared. A call
    that raises makes that loss infinite.
    """

    provides: ClassVar[frozenset[str]] = frozenset()

    call: str = key(
        takes="module:name",
        doc="The function, as module:name. The module is looked for beside the input file, then on "
        "the Python path.",
    )
    arguments: Literal["Vector", "Named"] = key(
        "Vector",
        doc="What the function is called with: an array of the active parameters, or a dictionary "
        "of all parameters, name -> value.",
    )

    @property
    def takes_choices(self) -> bool:
        """Whether a parameter may be categorical."""
        return self.arguments == "Named"

    def mistakes(self) -> Iterator[str]:
        """Yield what is wrong with the keys."""
        if not is_call(self.call):
            example = "rosenbrock:loss for the function loss in rosenbrock.py"
            yield f"Call must be module:name, such as {example}, not {self.call}"

    def objective(self, around: Surroundings) -> "FunctionObjective":
        """Return the loss that the function gives; what is wrong with it is noted."""
        named = around.parameters if self.arguments == "Named" else None
        objective = FunctionObjective(UserCode(self.call, around.folders), named)
        objective.check(around.findings, around.at("Engine%Call"), around.run_code)
        return objective


class FunctionObjective:
    """The loss that a user's function gives; it is imported when it is first needed.

    Parameters
    ----------
    named
        The parameters, where the function takes them by name.
    """

    def __init__(self, code: UserCode, named: ParameterInterface | None = None) -> None:
        self.code = code
        self.named = named
        self.digest: str | None = None
        """SHA-256 of the module's file when the job was loaded; None for one without."""

    def check(self, findings: Findings, at: Place, run: bool = False) -> None:
        """Note that the function is not there; only if run is True may its module be executed."""
        if not is_call(self.code.call):
            return  # told by the settings
        try:
            if run:
                self.code.load()
            self.digest = self.code.digest()
        except ImportError as error:
            findings.mistake(at, f"Engine Function%Call {self.code.call}: {error}")

    @property
    def command_line(self) -> None:
        """None: it is named by its code."""
        return

    def user_code(self) -> dict[str, str]:
        """Return the name of the function, with path and SHA-256 of its module's file."""
        where = "" if self.digest is None else f"{self.code.find()} {self.digest}"
        return {self.code.call: where}

    def prepare(self) -> None:
        """Import the module, as it was when the job was loaded.

        What is raised tells that no evaluation could succeed.
        """
        if self.code.digest() != self.digest:
            raise ImportError(f"{self.code.find()} changed since the job began")
        self.code.load()

    def evaluate(self, x: Vector, values: Vector, key: Key) -> SetEvaluation:
        """Return the loss; an exception of the function is the reason of an infinite one."""
        try:
            result = self.code.load()(x.copy() if self.named is None else self.named.named(x))
        except (Exception, SystemExit) as error:
            return self._failed(f"{_said(error)}{_where(error)}")
        if type(result) is float and isfinite(result):
            return SetEvaluation(result)
        if inspect.iscoroutine(result):
            result.close()
            return self._failed("it is async: define it by def, not async def")
        try:
            return _loss(result)
        except _Unusable as unusable:
            return self._failed(str(unusable))

    @property
    def no_squares(self) -> None:
        """None: what it returns will show whether its loss is a sum of squares."""
        return

    def squares(self, result: SetEvaluation) -> Vector:
        """Return the residuals that it returned; RunError if it returned a number."""
        return own_residuals(result)

    def _failed(self, reason: str) -> SetEvaluation:
        return SetEvaluation(INFINITE, failures=(Failure(f"Function {self.code.call}", reason),))


class _Unusable(Exception):
    """What the function returned is no loss."""


def _loss(result: Any) -> SetEvaluation:
    """Return the loss that a returned number or residual vector means."""
    if type(result) is not float:
        try:
            array = np.asarray(result)
        except Exception:  # whatever an object of the user's raises
            array = np.array(None)
        if array.dtype.kind not in _NUMBERS or array.ndim > 1:
            raise _Unusable(
                f"it must return a number or a vector of residuals, not {_say(result, array)}"
            )
        if array.ndim == 1:
            return _sum_of_squares(array.astype(float))
        result = float(array)
    if not isfinite(result):
        raise _Unusable(f"it returned {result}")
    return SetEvaluation(result)


def _sum_of_squares(residuals: Vector) -> SetEvaluation:
    wrong = np.flatnonzero(~np.isfinite(residuals))
    if len(wrong):
        raise _Unusable(f"it returned {residuals[wrong[0]]} as residual {wrong[0]}")
    if not len(residuals):
        raise _Unusable("it returned no residuals")
    with np.errstate(over="ignore"):
        fx = float(residuals @ residuals)
    if fx == INFINITE:
        raise _Unusable("the sum of its squared residuals overflows")
    return SetEvaluation(fx, residuals=residuals)


def _said(error: BaseException) -> str:
    """Return what an exception says, if it says anything."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__


def _say(result: Any, array: NDArray[Any]) -> str:
    """Return what a result is that is of no use; array is what numpy makes of it."""
    if isinstance(result, np.ndarray):
        return f"an array of shape {result.shape} and type {result.dtype}"
    if array.dtype.kind in _NUMBERS:
        return f"an array of shape {array.shape}"
    return "None" if result is None else f"a value of type {type(result).__name__}"


def _where(error: BaseException) -> str:
    """Return the innermost line of the user's that raised, in brackets."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    if not frames:
        return ""
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno}, in {frames[-1].name})"
