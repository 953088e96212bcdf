"""Fit the parameters of expensive models from one input file."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paramsrun.optimizers.plugins.base_optimizer import BaseOptimizer, MinimizeResult
    from paramsrun.params_job import ParAMSJob
    from paramsrun.params_results import ParAMSResults

__version__ = "0.1.0"
__all__ = ["BaseOptimizer", "MinimizeResult", "ParAMSJob", "ParAMSResults"]

_MODULES = {
    "BaseOptimizer": "paramsrun.optimizers.plugins.base_optimizer",
    "MinimizeResult": "paramsrun.optimizers.plugins.base_optimizer",
    "ParAMSJob": "paramsrun.params_job",
    "ParAMSResults": "paramsrun.params_results",
}
"""Where each public name is; its module is imported when it is first asked for."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
