"""What `paramsrun status` prints: the state of a run, told from its journal."""

from pathlib import Path

from paramsrun.results.log import seconds
from paramsrun.results.reader import Reading, read
from paramsrun.results.summary import summary


def status(folder: str | Path) -> str:
    """Return what the job of a results folder has done; UsageError if the folder holds none."""
    reading = read(Path(folder))
    return "\n".join([*_head(Path(folder), reading), "", summary(reading.state).rstrip()])


def _head(folder: Path, reading: Reading) -> list[str]:
    state = reading.state
    assert state.run is not None
    lines = [f"{folder}: begun {state.run.utc}, {seconds(state.t)} recorded"]
    if reading.driver is not None:
        driver = reading.driver
        lines.append(f"Running: process {driver['pid']} on {driver['host']}")
    elif state.exit is None:
        lines.append(
            "Not running, and cut short: it was killed, its machine went down or its disk was full"
        )
        lines.append(
            f"To go on with it: --resume auto beside its input, or ResumeCheckpoint {folder} in one"
        )
    if reading.torn is not None and reading.driver is None:
        lines.append(f"The last line of the journal was cut off ({reading.torn.n_bytes} bytes)")
    return lines
