"""Optuna, Nevergrad and pymoo, used as their documentation shows, as members for peers_row.py."""

import pickle
from typing import Any

import numpy as np
from peers_members import HIGH, LOW, Loss, Member, N


class Optuna(Member):
    """A study in memory, pickled whole as its FAQ says."""

    sampler = "CmaEsSampler"
    storage: str | None = None
    state = "the study pickled"

    def begin(self) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.study = optuna.create_study(
            sampler=self.made_sampler(), storage=self.url(), study_name="s", load_if_exists=True
        )

    def made_sampler(self) -> Any:
        import optuna

        return getattr(optuna.samplers, self.sampler)(seed=self.seed)

    def url(self) -> str | None:
        return None

    def step(self, loss: Loss) -> int:
        trial = self.study.ask()
        x = np.array([trial.suggest_float(f"x{i}", LOW, HIGH) for i in range(N)])
        self.study.tell(trial, loss(x))
        return 1

    def saved(self) -> Any:
        return self.study

    def restore(self, saved: Any) -> None:
        self.study = saved


class OptunaTPE(Optuna):
    sampler = "TPESampler"


class OptunaRandom(Optuna):
    sampler = "RandomSampler"


class OptunaSQLite(Optuna):
    """A study in a database: opened again with a sampler of the same seed."""

    state = "database; sampler made anew with its seed"

    def url(self) -> str:
        return f"sqlite:///{self.folder}/study.db"

    def save(self) -> None:
        """Do nothing: the database has it all."""

    def load(self) -> None:
        self.begin()


class OptunaSQLitePickled(OptunaSQLite):
    """The same, the sampler pickled beside the database, as its tutorial advises."""

    state = "database; sampler pickled beside it"

    def save(self) -> None:
        (self.folder / "state").write_bytes(pickle.dumps(self.study.sampler))

    def made_sampler(self) -> Any:
        state = self.folder / "state"
        return pickle.loads(state.read_bytes()) if state.exists() else super().made_sampler()


class Nevergrad(Member):
    algorithm = "CMA"
    state = "optimizer.dump()"

    def begin(self) -> None:
        import nevergrad as ng

        space = ng.p.Array(init=np.full(N, LOW + 0.7 * (HIGH - LOW))).set_bounds(LOW, HIGH)
        space.random_state = np.random.RandomState(self.seed)
        self.optimizer = ng.optimizers.registry[self.algorithm](space, budget=self.calls)

    def step(self, loss: Loss) -> int:
        candidate = self.optimizer.ask()
        self.optimizer.tell(candidate, loss(candidate.value))
        return 1

    def save(self) -> None:
        self.optimizer.dump(self.folder / "state")

    def load(self) -> None:
        import nevergrad as ng

        self.optimizer = ng.optimizers.base.Optimizer.load(self.folder / "state")


class NevergradOnePlusOne(Nevergrad):
    algorithm = "OnePlusOne"


class NevergradDE(Nevergrad):
    algorithm = "DE"


def problem() -> Any:
    """Return the box, as pymoo wants it."""
    from pymoo.core.problem import Problem

    return Problem(n_var=N, n_obj=1, xl=np.full(N, LOW), xu=np.full(N, HIGH))


class Pymoo(Member):
    algorithm = "cmaes.CMAES"
    state = "dill.dump(algorithm)"

    def begin(self) -> None:
        from importlib import import_module

        from pymoo.core.termination import NoTermination

        module, _, name = self.algorithm.partition(".")
        made = getattr(import_module(f"pymoo.algorithms.soo.nonconvex.{module}"), name)()
        made.setup(problem(), termination=NoTermination(), seed=self.next_seed(), verbose=False)
        self.algorithm_ = made

    def step(self, loss: Loss) -> int:
        from pymoo.core.evaluator import Evaluator
        from pymoo.problems.static import StaticProblem

        if not self.algorithm_.has_next():
            self.begin()
        asked = self.algorithm_.ask()
        f = np.array([[loss(x)] for x in asked.get("X")])
        Evaluator().eval(StaticProblem(problem(), F=f), asked)
        self.algorithm_.tell(infills=asked)
        return len(f)

    def save(self) -> None:
        import dill

        (self.folder / "state").write_bytes(dill.dumps(self.algorithm_))

    def load(self) -> None:
        import dill

        self.algorithm_ = dill.loads((self.folder / "state").read_bytes())


class PymooDE(Pymoo):
    algorithm = "de.DE"
