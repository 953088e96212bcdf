"""A suite of tests for an optimizer of your own: inherit one class, and run pytest.

::

    from mymodule import MyOptimizer
    from paramsrun.testing import OptimizerConformance

    class TestMyOptimizer(OptimizerConformance):
        optimizer = MyOptimizer
        settings = {"step": 0.1}
"""

from paramsrun.testing.conformance import OptimizerConformance

__all__ = ["OptimizerConformance"]
