"""paramsrun beside its peers, in one run: speed, memory, checkpoints, exact resume, quality.

    python benchmarks/peers.py [speed] [quality] [--venv FOLDER] [--repeats 3] [--seeds 15]
                               [--calls 500] [--largest 20]

Peers (pycma, cmaes, SciPy, Optuna, Nevergrad, pymoo) are installed with pip in an environment of
their own, the first time; rows of one that cannot be installed are skipped and told. On two idle
cores speed takes some 5 minutes and quality some 10; Ctrl-C ends it, with tables of what there is.

Speed. Each row runs in a process of its own, after a short run that imports all it needs; rows
alternate, medians are printed. Rows of paramsrun are whole jobs, with journal, logs and results
tree, in memory where there is /dev/shm. The peers compute and keep nothing on the way, except
Optuna's database. "save ms" of a peer is what its documentation tells users to call; of a job, how
long the loss waits for a checkpoint, which holds every evaluation and all inputs.

Resume. A peer's run is saved in order at half, and loaded in a new process. What it computed since
it was last saved is lost where it is killed (but Optuna's trials in a database). A job is ended by
SIGKILL in the middle of an evaluation, and saved by nobody. The half afterwards is compared with
that of the uncut run, evaluation by evaluation. Exact at such a moment are pycma, Nevergrad, DE of
pymoo, and Optuna if its sampler is pickled in the same instant. Not exact: cmaes, which leaves its
random generator out of the pickle; Optuna, if the sampler is made anew with its seed; CMAES of
pymoo, which begins anew, as its running pycma cannot be pickled. SciPy's functions cannot be saved.

Quality. All searches get the same number of evaluations, from random starts; 15 seeds. CMA-ES one
at a time in a job ("1 CMAES", with Generator Random) does as well as restarts of bare pycma: of 25
functions 6 better, 13 alike, 6 worse, and 7, 13, 5 against BIPOP. Managed runs of five at once,
with the two stoppers of README and examples/LJ_Ar_multiopt, lose 20 of 25 to them. The cause is the
budget: each of five has a fifth of 500 evaluations for each dimension, and a CMA-ES takes 300 to
600 to converge; in trials five at once without stoppers lost as often. They win against Nelder-Mead
and differential_evolution, and where many starts count (Rastrigin in two, Schwefel in two and five
dimensions). "given up" ends a CMA-ES, be it the best or not, after 200 evaluations without an
improvement of 1 percent: better in few dimensions with many minima, worse on Rastrigin and Schwefel
in ten and twenty. SciPy's differential_evolution wins on Schwefel in two and five and Rastrigin in
two dimensions, all of them sums over coordinates. So for a small budget and one core: one at a
time.
"""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import peers_quality as quality
import peers_speed as speed
import peers_venv


def say(line: str) -> None:
    print(line, flush=True)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=["speed", "quality", []], metavar="PART")
    parser.add_argument(
        "--venv",
        type=Path,
        default=Path(tempfile.gettempdir()) / "paramsrun-peers",
        help="where the peers' environment is, or is made (%(default)s)",
    )
    parser.add_argument("--repeats", type=int, default=3, help="of each row of speed")
    parser.add_argument("--seeds", type=int, default=15, help="of each search of quality")
    parser.add_argument("--calls", type=int, default=500, help="of a search, for each dimension")
    parser.add_argument("--largest", type=int, default=20, help="dimension")
    return parser.parse_args()


def run(chosen: argparse.Namespace) -> None:
    parts = chosen.parts or ["speed", "quality"]
    missing = peers_venv.made(chosen.venv, say)
    python = str(peers_venv.python_in(chosen.venv))
    say(f"Python {platform.python_version()}, {peers_venv.versions(chosen.venv, missing)}")
    if "speed" in parts:
        speed.report(chosen.repeats, python, missing, say)
    if "quality" in parts:
        searches = [*quality.MANAGED, *quality.UNMANAGED]
        searches = [name for name in searches if peers_venv.why_skipped(name, missing) is None]
        tasks = quality.tasks_of(chosen.seeds, chosen.calls, chosen.largest, searches)
        say(f"Quality: {len(tasks)} searches of {chosen.calls} evaluations for each dimension")
        quality.run(tasks, python, searches, say)


def main() -> None:
    try:
        run(options())
    except KeyboardInterrupt:
        say("interrupted: that is what there was")
        sys.exit(130)


if __name__ == "__main__":
    main()
