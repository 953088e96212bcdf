"""The families that an input chooses from. A new member is one new file in the package named."""

from paramsrun.settings.family import Family

engines = Family("Engine", "paramsrun.problem.engines")
extractors = Family("Extractor", "paramsrun.problem.extractors")
optimizers = Family("Optimizer", "paramsrun.optimizers")
exit_conditions = Family("ExitCondition", "paramsrun.manager.exit_conditions")
stoppers = Family("Stopper", "paramsrun.manager.stoppers")
generators = Family("Generator", "paramsrun.manager.generators")
selectors = Family("OptimizerSelector", "paramsrun.manager.selectors")
