"""The input of a job: every block and key, what it means and what it is when left out."""

from dataclasses import dataclass
from typing import Any, Literal

from paramsrun.settings import families
from paramsrun.settings.data_set import DataSet, LoggingInterval
from paramsrun.settings.keys import block, blocks, headed, key, typed, typed_blocks
from paramsrun.settings.running import (
    CheckpointControl,
    ControlOptimizerSpawning,
    Evaluator,
    ParallelLevels,
    Sensitivity,
)

NO_GLOMPO = "this program keeps a journal and log files of its own"


@dataclass(frozen=True, kw_only=True)
class JobSettings:
    """A whole input. Files are named relative to the folder of the input file."""

    task: Literal[
        "Optimization", "GenerateReference", "SinglePoint", "Sensitivity", "MachineLearning"
    ] = key(
        "Optimization",
        later="other tasks are to come",
        doc="What to do: minimise the loss, compute reference values, evaluate the loss once, "
        "find out which parameters matter, or train a machine-learned potential.",
    )

    # What is minimised
    parameter_interface: str = key(
        "parameter_interface.yaml",
        path=True,
        takes="a YAML file",
        on_resume="must hold the same parameters as before",
        doc="The YAML file of the parameters: initial values, ranges, types, and which are "
        "optimized. `paramsrun describe parameter_interface.yaml` tells its keys.",
    )
    job_collection: str = key(
        "job_collection.yaml",
        path=True,
        takes="a YAML file",
        doc="The YAML file of the calculations that each evaluation runs. `paramsrun describe "
        "job_collection.yaml` tells its keys. Engine Function and Engine Command have none.",
    )
    engine_collection: str = key(
        "job_collection_engines.yaml",
        path=True,
        takes="a YAML file",
        doc="The YAML file of the reference engines that jobs name. It may be missing where the "
        "input does not name it. Nothing is computed with these engines yet.",
    )
    engine: Any = headed(
        families.engines,
        doc="What computes the results of jobs, or the loss itself, from parameter values. Its "
        "type stands in its header, as in Engine Function, and it closes with EndEngine. Without "
        "it the parameter interface names the engine; a block of the same engine takes the place "
        "of the options given there, and another engine is a mistake.",
    )
    data_set: tuple[DataSet, ...] = blocks(
        doc="Reference data and the loss function that compares predictions with them. The first "
        "block is the training set, which is minimised; the second, if there is one, is the "
        "validation set, which is evaluated beside it and influences nothing. Without this block "
        "training_set.yaml is read, and validation_set.yaml if it is there."
    )
    validation: float | None = key(
        None,
        above=0.0,
        below=1.0,
        doc="Fraction of the training set's entries that is set aside for validation, at least "
        "one. They are drawn at random. It has no effect where a validation set is given.",
    )
    constraint: tuple[str, ...] = key(
        (),
        takes="an inequality",
        doc="An inequality between parameters and numbers: rmin >= 2*eps + 1, or 0 < eps <= rmin. "
        "Where it is violated the loss is infinite, and nothing is computed. Names such as "
        "O.H:r_0 stand in quotes.",
    )
    skip_x0: bool = key(
        False,
        doc="Start without evaluating the initial parameters. That evaluation counts towards no "
        "limit; the job ends if its loss is not finite.",
    )

    # What minimises it
    optimizer: tuple[Any, ...] = typed_blocks(
        families.optimizers,
        default=("CMAES",),
        default_type="CMAES",
        doc="An algorithm and its settings. Of several blocks OptimizerSelector takes one whenever "
        "an optimizer starts.",
    )
    optimizer_selector: Any = typed(
        families.selectors, "Cycle", doc="Which Optimizer block the next optimizer is made from."
    )
    generator: Any = typed(families.generators, "SinglePoint", doc="Where each optimizer starts.")
    control_optimizer_spawning: ControlOptimizerSpawning = block(
        ControlOptimizerSpawning,
        doc="When no further optimizers are started. Without it, another follows each that ends, "
        "until an exit condition is met.",
    )
    scaler: Literal["Optimizers", "Linear", "Std", "None"] = key(
        "Optimizers",
        doc="The space in which optimizers see the parameters and distances are measured: each "
        "range from 0 to 1 (Linear) or from -1 to 1 (Std), real units (None), or as each optimizer "
        "asks for, which is Linear where it does not mind (Optimizers).\n\nA parameter on a log "
        "scale is scaled by its logarithm; in real units its scale makes no difference. Whole "
        "numbers and choices have equal parts of the range, in real units half-way to their "
        "neighbours.",
    )
    share_best_evaluation_between_optimizers: bool = key(
        False, doc="Offer each new best point to the other living optimizers that can use one."
    )
    random_seed: int | None = key(
        None,
        at_least=0,
        doc="The root of all random numbers of the run: the same seed gives the same run. Left "
        "out, one is drawn and recorded.",
    )

    # When it ends
    exit_condition: tuple[Any, ...] = typed_blocks(
        families.exit_conditions,
        default=("MaxOptimizersConverged",),
        doc="When the run ends. Without any, when one optimizer has converged. It ends with an "
        "error when six optimizers in a row never got a finite loss, or ten in a row failed at "
        "once.",
    )
    exit_condition_boolean_combination: str | None = key(
        None,
        takes="numbers, &, | and brackets",
        doc="How the exit conditions combine: 1 & (2 | 3). Numbers are their places in the input, "
        "& binds tighter than |. Left out, any of them ends the run.",
    )
    stopper: tuple[Any, ...] = typed_blocks(
        families.stoppers,
        or_none=True,
        doc="When an optimizer is stopped, so that another can take its place. The one that holds "
        "the best value is spared. In the input of a resume, Stopper None on one line removes "
        "those that are stored.",
    )
    stopper_boolean_combination: str | None = key(
        None,
        takes="numbers, &, | and brackets",
        doc="How the stoppers combine: 1 & (2 | 3). Numbers are their places in the input, & binds "
        "tighter than |. Left out, any of them stops an optimizer.",
    )
    check_stopper_interval: int = key(
        1,
        at_least=1,
        doc="Ask the stoppers after every n-th evaluation of the run.",
    )
    apply_stoppers_to_best_optimizer: bool = key(
        False,
        doc="Let stoppers end the optimizer that holds the best value, too.",
    )

    # How it runs, and what it writes
    parallel_levels: ParallelLevels = block(
        ParallelLevels,
        doc="How much is computed at the same time, level by level.",
    )
    evaluator: Evaluator = block(
        Evaluator, doc="Where evaluations of the loss run, and what they may use."
    )
    logging_interval: LoggingInterval = block(
        LoggingInterval,
        doc="How often results are written, counted in evaluations of each optimizer. Its lowest "
        "loss so far is always logged.",
    )
    results_directory: str | None = key(
        None,
        takes="a folder",
        on_resume="is that of the new session; the stored one is not used again",
        doc="The results folder, relative to the current folder. Left out, it is the job's name "
        "with .results. It must not exist.",
    )
    checkpoint_control: CheckpointControl = block(
        CheckpointControl,
        doc="When checkpoints are made, how they are named and how many are kept. Ctrl-C and "
        "SIGTERM make one besides.",
    )
    resume_checkpoint: str | None = key(
        None,
        path=True,
        takes="a checkpoint or a results folder",
        on_resume="names what is resumed",
        doc="A checkpoint, or the results folder of a run that was cut short: go on from there. "
        "What is given beside it replaces what is stored.",
    )
    more_extractors_path: str | None = key(
        None,
        path=True,
        takes="a folder",
        later="extractors of your own are to come",
        doc="A folder of Python files that define further extractors.",
    )
    sensitivity: Sensitivity = block(
        Sensitivity, later="other tasks are to come", doc="Settings of Task Sensitivity."
    )

    # Keys of ParAMS without a meaning here
    restart_directory: str | None = key(
        None,
        path=True,
        takes="a folder",
        ignored="ResumeCheckpoint continues a run",
        doc="A folder to restart from.",
    )
    verbose: bool = key(
        False,
        ignored="the terminal and job.log always show the same",
        doc="Print more to the terminal.",
    )
    evaluate_loss: bool = key(
        True, ignored="an optimization always evaluates its loss", doc="Evaluate the loss."
    )
    exclude_from_run_script: str | None = key(
        None, ignored="there is no run script", doc="Leave something out of the run script."
    )
    filter_infinite_values: bool = key(
        True, ignored="it belongs to Task Sensitivity", doc="Drop samples without a finite loss."
    )
    glompo_logging: bool = key(True, ignored=NO_GLOMPO, doc="Write the log of GloMPO.")
    glompo_summary_files: str | None = key(
        None, ignored=NO_GLOMPO, doc="Which summary files GloMPO writes."
    )
    print_status_interval: float = key(
        600.0, unit="s", ignored="the progress line is always current", doc="Time between reports."
    )
    refresh_rate: int | None = key(
        None, ignored="the progress line is always current", doc="How often a display is renewed."
    )
    results_importer: str | None = key(
        None, ignored="data sets are read from YAML files", doc="How results are imported."
    )
    split_printstreams: bool = key(
        True, ignored="job.log holds all that is told", doc="One text file for each optimizer."
    )
