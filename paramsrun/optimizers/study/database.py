"""A study in a database, as Optuna keeps it: what processes read and write there."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from paramsrun.errors import RunError
from paramsrun.optimizers.study import heartbeat, library
from paramsrun.optimizers.study.address import Address
from paramsrun.optimizers.study.parameters import Parameters
from paramsrun.problem.contract import Step

MARK = "paramsrun"
"""A user attribute of the trials that our processes made or took."""
STARTS = "paramsrun:starts"
SEED = "paramsrun:seed"
AFTER = "paramsrun:after"
"""A system attribute: the number of the trial of which a trial is the repetition."""
HISTORY = "retry_history"
FIRST = "failed_trial"
TIMEOUT_S = 60


class Database:
    """One study of a database. Raises whatever SQLAlchemy and Optuna raise (see `lost`)."""

    def __init__(self, address: Address, name: str, parameters: Parameters) -> None:
        self.name = name
        self._parameters = parameters
        with library.silent() as optuna:
            self._optuna = optuna
            self.states = optuna.trial.TrialState
            self._rdb = optuna.storages.RDBStorage(
                address.url.replace("{", "{{").replace("}", "}}"),
                engine_kwargs=_engine_options(address),
                heartbeat_interval=max(1, int(heartbeat.BEAT_S)),
                grace_period=heartbeat.STALE_S,
            )
            self._storage = optuna.storages.get_storage(self._rdb)
            self._study = optuna.create_study(
                storage=self._storage, study_name=name, direction="minimize", load_if_exists=True
            )
            self._id = self._storage.get_study_id_from_name(name)

    def _check_directions(self) -> None:
        directions = [one.name.lower() for one in self._study.directions]
        if directions != ["minimize"]:
            told = " and ".join(directions)
            raise RunError(f"Study {self.name} is to {told}; a study that can be shared minimizes")

    def _check_parameters(self, trials: Sequence[Any]) -> None:
        """Raise RunError where the study's parameters are not those of the input."""
        wanted = self._parameters.distributions
        for trial in trials:
            if trial.state is self.states.WAITING or not trial.distributions:
                continue
            for told in _differences(trial.distributions, wanted, self._optuna.distributions):
                raise RunError(
                    f"Study {self.name} has other parameters than the input: {told} "
                    f"(trial {trial.number}). Give another StudyName, or the same parameters"
                )

    def joined(self, seed: Sequence[int]) -> tuple[int, list[int]]:
        """Check that the study fits, and count one more start.

        Return its number, from 1, and the seed of the first of all. It is closed where it does not
        fit.
        """
        try:
            self._check_directions()
            self._check_parameters(self.trials())
            return self._register(seed)
        except BaseException:
            self.close()
            raise

    def _register(self, seed: Sequence[int]) -> tuple[int, list[int]]:
        known = self._storage.get_study_user_attrs(self._id)
        number = int(known.get(STARTS, 0)) + 1
        self._storage.set_study_user_attr(self._id, STARTS, number)
        if SEED not in known:
            self._storage.set_study_user_attr(self._id, SEED, list(seed))
        return number, list(known.get(SEED, seed))

    def trials(self) -> list[Any]:
        """Return all trials as they are now, in order."""
        with library.silent():
            found: list[Any] = self._study.get_trials(deepcopy=False)
        return found

    def stale(self) -> set[int]:
        """Return the ids of trials that gave no sign of life for too long."""
        return set(self._storage._get_stale_trial_ids(self._id))

    def add(
        self,
        named: Mapping[str, Any],
        number: int,
        attributes: Mapping[str, Any],
        fx: float | None = None,
    ) -> int:
        """Add a trial that waits to be taken, or one that is finished; return its id."""
        with library.silent() as optuna:
            trial = optuna.trial.create_trial(
                state=self.states.WAITING if fx is None else self.states.COMPLETE,
                params=dict(named),
                distributions=self._parameters.distributions,
                value=fx,
                user_attrs={MARK: number},
                system_attrs=dict(attributes),
            )
            made: int = self._storage.create_new_trial(self._id, trial)
        return made

    def complete(self, id_: int, named: Mapping[str, Any], number: int) -> None:
        """Give a waiting trial of somebody else's the parameters that it lacks, and our mark."""
        for name, value in named.items():
            distribution = self._parameters.distributions[name]
            internal = distribution.to_internal_repr(value)
            self._storage.set_trial_param(id_, name, internal, distribution)
        self._storage.set_trial_user_attr(id_, MARK, number)

    def take(self, id_: int) -> bool:
        """Begin with a waiting trial; return whether nobody else was faster.

        Its first sign of life comes before: so one whose process is killed meanwhile is not lost.
        """
        self.beat(id_)
        try:
            taken = self._storage.set_trial_state_values(id_, self.states.RUNNING)
        except self._optuna.exceptions.UpdateFinishedTrialError:
            return False
        return bool(taken)

    def finish(self, id_: int, fx: float | None, steps: Sequence[Step] = ()) -> bool:
        """Finish a running trial, one without a loss as failed; return whether it still ran."""
        state, values = (self.states.FAIL, None) if fx is None else (self.states.COMPLETE, [fx])
        return self._finish(id_, state, values, steps)

    def prune(self, id_: int, steps: Sequence[Step]) -> bool:
        """Finish a running trial that was ended at the last step; return whether it still ran."""
        return self._finish(id_, self.states.PRUNED, [steps[-1].value], steps)

    def _finish(
        self, id_: int, state: Any, values: Sequence[float] | None, steps: Sequence[Step]
    ) -> bool:
        try:
            for number, value in steps:
                self._storage.set_trial_intermediate_value(id_, number, value)
            self._storage.set_trial_state_values(id_, state, values)
        except self._optuna.exceptions.UpdateFinishedTrialError:
            return False
        return True

    def number_of(self, id_: int, likely: int) -> int:
        """Return the number under which people see a trial; what is likely costs no query."""
        with suppress(KeyError):
            if self._storage.get_trial_id_from_study_id_trial_number(self._id, likely) == id_:
                return likely
        return int(self._storage.get_trial(id_).number)

    @property
    def counters(self) -> dict[str, Any]:
        """What samplers wrote to the study."""
        return dict(self._storage.get_study_system_attrs(self._id))

    def count(self, counters: Mapping[str, Any]) -> None:
        """Write what a sampler changed of them."""
        before = self.counters
        for name, value in counters.items():
            if before.get(name) != value:
                self._storage.set_study_system_attr(self._id, name, value)

    def beat(self, id_: int) -> None:
        """Give a sign of life of a trial."""
        self._rdb.record_heartbeat(id_)

    def leave_thread(self) -> None:
        """Release what the calling thread holds."""
        self._rdb.remove_session()

    def close(self) -> None:
        """End all connections."""
        self._rdb.remove_session()
        self._rdb.engine.dispose()


def lost() -> tuple[type[Exception], ...]:
    """Return what is raised where a database cannot be reached, or does not answer."""
    import sqlalchemy

    optuna = library.library()
    return (optuna.exceptions.StorageInternalError, sqlalchemy.exc.SQLAlchemyError, OSError)


def _engine_options(address: Address) -> dict[str, Any]:
    if address.database == "sqlite":
        return {"connect_args": {"timeout": TIMEOUT_S}}
    return {"pool_pre_ping": True, "connect_args": {"connect_timeout": 10}}


def _differences(
    there: Mapping[str, Any], wanted: Mapping[str, Any], distributions: Any
) -> Sequence[str]:
    """Return what of a trial's parameters is not as it is wanted; ranges may differ."""
    told = [f"{name} is not in the study" for name in wanted if name not in there]
    told += [f"{name} is not in the input" for name in there if name not in wanted]
    for name, one in wanted.items():
        if name in there:
            try:
                distributions.check_distribution_compatibility(there[name], one)
            except ValueError:
                told.append(f"{name} is {there[name]} there and {one} here")
    return told
