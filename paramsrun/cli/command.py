"""The command line. Each command imports what it needs when it runs, so that help is instant."""

import os
import sys
from typing import Any

import click

from paramsrun import __version__
from paramsrun.errors import ParamsrunError

EXIT_CODES = {"Ended by SIGINT": 130, "Ended by SIGTERM": 143}


class Commands(click.Group):
    """A group in which a file name stands for ``run``; told errors end without a traceback."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command named first, or ``run`` with all arguments."""
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an option that is not the group's own belongs to ``run``."""
        own = ("--help", "--version")
        if args and args[0].startswith("-") and args[0] not in own:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; print the message of a told error and exit with its code."""
        try:
            return super().invoke(ctx)
        except ParamsrunError as error:
            click.echo(str(error), err=True)
            ctx.exit(error.exit_code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="paramsrun")
def main() -> None:
    """Fit the parameters of expensive models.

    paramsrun FILE runs the job that FILE describes; results appear in FILE's stem + .results in
    the current folder.

    Exit codes: 0 the run ended as its input says; 1 it failed; 2 the input or the command is
    wrong; 130 and 143 ended by SIGINT (Ctrl-C) and SIGTERM.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@main.command()
@click.argument("file", type=click.Path())
@click.option("--name", help="Name of the job; the default is the stem of FILE.")
def run(file: str, name: str | None) -> None:
    """Run the job that FILE describes; `paramsrun FILE` does the same."""
    from paramsrun.job import Job

    job = Job.load(file, name)
    state = job.run(click.echo, live=sys.stderr.isatty() and sys.stdout.isatty())
    assert state.exit is not None
    sys.exit(EXIT_CODES.get(state.exit.reason, 0))


@main.command()
@click.argument("file", type=click.Path())
def check(file: str) -> None:
    """Report every mistake in FILE and in the files it names; run nothing."""
    from paramsrun.job import Job

    job = Job.load(file, run_code=False)
    for warning in job.warnings:
        click.echo(f"Warning: {warning}")
    click.echo(f"{file}: no mistakes")


@main.command()
@click.argument("key", required=False)
def describe(key: str | None) -> None:
    """Explain every block and key of an input file, or KEY (`CMAES`, `Optimizer%CMAES%Sigma0`)."""
    from paramsrun.settings.describe import describe as describe_key

    click.echo(describe_key(key))


@main.command()
@click.argument("folder", type=click.Path())
def status(folder: str) -> None:
    """Tell what the running or ended job of a results FOLDER has done."""
    from paramsrun.results.status import status as status_of

    click.echo(status_of(folder))
