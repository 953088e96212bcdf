"""The command line. Each command imports what it needs when it runs, so that help is instant."""

import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from paramsrun import __version__
from paramsrun.cli.number_list import TakesNumbers, numbers
from paramsrun.errors import ParamsrunError, UsageError, nearest
from paramsrun.evaluators.thread_variables import THREADS_OF
from paramsrun.printable import printable

EXIT_CODES = {"Ended by SIGINT": 130, "Ended by SIGTERM": 143}


class Commands(click.Group):
    """A group in which a file name stands for ``run``; told errors end without a traceback."""

    def main(self, args: Sequence[str] | None = None, *given: Any, **named: Any) -> Any:
        """Run the program; at its end, wait for no thread that the user's code has left."""
        try:
            return super().main(args, *given, **named)
        except SystemExit as end:
            if args is None and _is_held_up():
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(end.code if isinstance(end.code, int) else 1)
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command named first, or ``run`` with all arguments."""
        if args and args[0] not in self.commands:
            self._refuse_no_file(ctx, args[0])
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def _refuse_no_file(self, ctx: click.Context, word: str) -> None:
        """Tell of a command or file that is not there before anything else is complained about."""
        if not word.startswith("-") and not os.path.lexists(word):
            near = nearest(word, self.commands)
            ctx.fail(f"There is no file or command {printable(word)}{near}")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an option that is not the group's own belongs to ``run``."""
        own = ("-h", "--help", "--version")
        if args and args[0].startswith("-") and args[0] not in own:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; print the message of a told error and exit with its code."""
        try:
            return super().invoke(ctx)
        except ParamsrunError as error:
            tell(str(error), err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:  # before or after the run, which answers signals itself
            click.echo("Ended by SIGINT", err=True)
            ctx.exit(EXIT_CODES["Ended by SIGINT"])


def _is_held_up() -> bool:
    """End processes of the user's code; return whether threads of it are left."""
    leftovers = sys.modules.get("paramsrun.optimizers.plugins.leftovers")
    if leftovers is None:
        return False
    leftovers.end_processes()
    return bool(leftovers.threads_are_left())


@click.group(
    cls=Commands,
    subcommand_metavar="FILE | COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="paramsrun")
def main() -> None:
    """Fit the parameters of expensive models.

    paramsrun FILE runs the job that FILE describes; results appear in FILE's stem + .results in
    the current folder.

    Exit codes: 0 the run ended as its input says; 1 it failed; 2 the input or the command is
    wrong; 130 and 143 ended by SIGINT (Ctrl-C) and SIGTERM.
    """
    _open_standard_files()
    # Linear algebra rounds otherwise with more threads: a resumed run would differ.
    os.environ.update(dict.fromkeys(THREADS_OF, "1"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _open_standard_files() -> None:
    """Put nothing in place of standard files that are closed, lest others take their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115  open to the end


def file_name(ctx: click.Context, parameter: click.Parameter, name: str | None) -> str | None:
    """Return the name of a job, which is to be one of a file: results stay in this folder."""
    if name is None:
        return None
    from paramsrun.results.folder import job_name

    try:
        return job_name(name)
    except UsageError as error:
        raise click.BadParameter(str(error)) from None


def tell(text: object, err: bool = False) -> None:
    """Print an answer; what it quotes from files cannot steer the terminal."""
    click.echo(printable(str(text)), err=err)


def echo(line: str) -> None:
    """Print a line of the log; where the terminal or pipe is gone, the run goes on without it."""
    try:
        click.echo(line)
    except ValueError:  # closed by the user's code
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  open to the end
    except OSError:  # job.log holds what is no longer shown
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@main.command(short_help="Run a job; `paramsrun FILE` does the same.")
@click.argument("file", type=click.Path())
@click.option("--name", callback=file_name, help="Name of the job; the default is FILE's stem.")
@click.option(
    "--resume",
    metavar="auto|PATH",
    help="Go on from the checkpoint or results folder PATH. With auto: from this job's latest "
    "results, if there are any; made for queues, which start the same command again and again.",
)
def run(file: str, name: str | None, resume: str | None) -> None:
    """Run the job that FILE describes; `paramsrun FILE` does the same.

    Results appear in the folder NAME.results, which must not be there yet. With --resume auto they
    appear in NAME.results, NAME.2.results, NAME.3.results, one for each session.
    """
    from pathlib import Path

    from paramsrun.following import following
    from paramsrun.job import Job

    origin = None if resume is None else Path(resume)
    readable(file)
    if resume == "auto":
        name, origin, over, anew = following(name or Path(file).stem, Path(file))
        if over is not None:
            tell(over)
            return
        if anew is not None:
            tell(anew)
    with Job.load(file, name, origin) as job:
        if resume == "auto" and job.settings.results_directory is not None:
            raise UsageError(
                f"{file}: --resume auto names the results folders itself: leave out "
                "ResultsDirectory, and give the job a name with --name"
            )
        state = job.run(echo, live=_is_terminal())
    assert state.exit is not None
    sys.exit(EXIT_CODES.get(state.exit.reason, 0))


@main.command(short_help="Report every mistake of an input; run nothing.")
@click.argument("file", type=click.Path())
def check(file: str) -> None:
    """Report every mistake in FILE and in the files it names; run nothing."""
    from paramsrun.job import Job

    with Job.load(readable(file), run_code=False) as job:
        for warning in job.warnings:
            tell(f"Warning: {warning}")
    tell(f"{file}: no mistakes")


@main.command(short_help="Explain every block and key, or one.")
@click.argument("key", nargs=-1)
@click.option("--markdown", is_flag=True, help="Write the page docs/keys.md of all keys.")
def describe(key: tuple[str, ...], markdown: bool) -> None:
    """Explain every block and key of an input file, or KEY (`CMAES`, `Optimizer%CMAES%Sigma0`).

    KEY may also be a value, such as Nelder-Mead, or a key of a YAML file.
    """
    if markdown:
        from paramsrun.settings.keys_page import keys_page

        if key:
            raise UsageError("--markdown writes of all keys: leave out the key")
        click.echo(keys_page(), nl=False)
        return
    from paramsrun.settings.describe import describe as describe_key

    click.echo(describe_key(" ".join(key) if key else None))


@main.command(short_help="Tell what a running or ended job has done.")
@click.argument("folder", type=click.Path())
@click.option("--optimizer", metavar="N", type=int, help="Tell how optimizer N started and ended.")
def status(folder: str, optimizer: int | None) -> None:
    """Tell what the running or ended job of a results FOLDER has done.

    With --optimizer N: how and why that optimizer started and ended.
    """
    from paramsrun.results.status import status as status_of
    from paramsrun.results.status import status_of_optimizer

    told = status_of(folder) if optimizer is None else status_of_optimizer(folder, optimizer)
    tell(told)


@main.command(short_help="End a running job, or one of its optimizers.")
@click.argument("folder", type=click.Path())
@click.option("--optimizer", metavar="N", type=int, help="Stop optimizer N; the job goes on.")
def stop(folder: str, optimizer: int | None) -> None:
    """End the running job of a results FOLDER in order, or stop one of its optimizers.

    The job ends with exit code 0, and can be gone on with. A file EXIT in the results folder does
    the same, and a file STOP_3 stops optimizer 3.
    """
    from pathlib import Path

    from paramsrun.results.asking import stop_job, stop_optimizer

    at = Path(folder)
    tell(stop_job(at) if optimizer is None else stop_optimizer(at, optimizer))


@main.command(short_help="Let a running job make a checkpoint.")
@click.argument("folder", type=click.Path())
def checkpoint(folder: str) -> None:
    """Let the running job of a results FOLDER make a checkpoint; a file CHKPT does the same."""
    from pathlib import Path

    from paramsrun.results.asking import make_checkpoint

    tell(make_checkpoint(Path(folder)))


def _is_terminal() -> bool:
    """Return whether there is someone to watch a line that changes."""
    return sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


@main.command(cls=TakesNumbers, short_help="Draw the losses of jobs.")
@click.argument("folders", type=click.Path(), nargs=-1, required=True)
@click.option(
    "--optimizers",
    metavar="N ...",
    callback=numbers,
    help="Draw these optimizers only, such as 2 4 7.",
)
@click.option(
    "--search",
    is_flag=True,
    help="Draw a search: the best so far, which parameters matter, and all trials in parallel "
    "coordinates. Several FOLDERS are those of processes that share it.",
)
@click.option(
    "--output",
    type=click.Path(),
    help="The figure, a .png, .svg or .pdf file; the default is the FOLDERS' names with .png.",
)
def plot(
    folders: tuple[str, ...], optimizers: tuple[int, ...], search: bool, output: str | None
) -> None:
    """Draw the loss of every evaluation of running or ended jobs.

    Several results FOLDERS, such as those of a job and of its resume, are laid over each other.
    Needs matplotlib: pip install 'paramsrun[plot]'.
    """
    from pathlib import Path

    from paramsrun.report.plot import plot as plotted
    from paramsrun.report.plot import plot_search

    paths = [Path(folder) for folder in folders]
    draw = plot_search if search else plotted
    tell(draw(paths, optimizers, None if output is None else Path(output)))


@main.command(short_help="Write every evaluation of a job as a table.")
@click.argument("folder", type=click.Path())
@click.option("--csv", is_flag=True, help="As comma-separated values.")
@click.option("--hdf5", is_flag=True, help="As an HDF5 file.")
@click.option(
    "--output", type=click.Path(), help="The file; the default is the FOLDER's name with its kind."
)
def export(folder: str, csv: bool, hdf5: bool, output: str | None) -> None:
    """Write every evaluation of the running or ended job of a results FOLDER as a table.

    Its columns: the evaluation in the run, the optimizer, the evaluation among the optimizer's own,
    seconds, training and validation loss, the reason of a failure, and the parameters in real
    units. HDF5 needs h5py: pip install 'paramsrun[hdf5]'.
    """
    from pathlib import Path

    from paramsrun.report.export import export as exported

    kinds = [kind for kind, wanted in (("csv", csv), ("h5", hdf5)) if wanted]
    if not kinds:
        raise UsageError("Say what to write: --csv or --hdf5")
    if output is not None and len(kinds) > 1:
        raise UsageError("--output names one file: leave it out, or give --csv or --hdf5 alone")
    for kind in kinds:
        tell(exported(Path(folder), kind, None if output is None else Path(output)))


@main.command(short_help="Tell what a checkpoint holds.")
@click.argument("checkpoint", type=click.Path())
def show(checkpoint: str) -> None:
    """Tell what a CHECKPOINT holds: when, versions, evaluations, optimizers, best, settings."""
    from pathlib import Path

    from paramsrun.results.opening import show as shown

    tell(shown(Path(checkpoint)))


def readable(file: str) -> str:
    """Return the name of an input file; UsageError if it is none."""
    if os.path.isdir(file):
        raise UsageError(f"{file} is a folder; an input file is wanted, such as {_input_in(file)}")
    if not os.path.exists(file):
        raise UsageError(f"There is no file {file}")
    if file.endswith(".tar.gz"):
        raise UsageError(
            f"{file} is no input but, by its name, a checkpoint: name it in an input by "
            f"ResumeCheckpoint, or give it as --resume {file} beside one; `paramsrun show {file}` "
            "tells what it holds"
        )
    return file


def _input_in(folder: str) -> str:
    """Return an input file of a folder, for a hint."""
    inputs = sorted(name for name in os.listdir(folder) if name.endswith(".in"))
    return os.path.join(folder, inputs[0] if inputs else "params.in")
