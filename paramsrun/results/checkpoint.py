"""Making checkpoints: when one is due, writing it whole or not at all, deleting older ones."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from paramsrun.errors import CheckpointFailed, UsageError
from paramsrun.manager.events import Checkpoint
from paramsrun.manager.state import RunState
from paramsrun.optimizers.contract import Saved
from paramsrun.results import archive, manifest
from paramsrun.results.archive import MANIFEST, Member, compressed, entry, file_entry, seal, stored
from paramsrun.results.checkpoint_list import CheckpointList
from paramsrun.results.event_lines import encode
from paramsrun.results.folder import INPUTS, JOURNAL
from paramsrun.results.journal import is_full, segment_name, segments
from paramsrun.results.packing import Packed, Packing, Waiting
from paramsrun.settings.naming import SUFFIX, NamingFormat
from paramsrun.settings.running import CheckpointControl

PATIENCE_S = 30.0
"""Where the first checkpoint is far off, packing begins so late, and pauses as long."""


def state_name(o: int, saved: Saved) -> str:
    """Return where a checkpoint holds what optimizer o wrote of itself."""
    return f"{archive.STATES}/{o:06d}_{saved.n_told:09d}"


class Checkpoints:
    """Makes the checkpoints of one run.

    Parameters
    ----------
    folder
        The results folder. Its inputs and the journal's full segments are packed from now on, while
        the run goes on; `segment_full` tells of those that are yet to fill.
    versions
        What the run is made with.
    """

    def __init__(
        self, folder: Path, control: CheckpointControl, versions: Mapping[str, str]
    ) -> None:
        self._journal = folder / JOURNAL
        self._control = control
        self._versions = versions
        self._target = folder / control.checkpointing_directory
        self._naming = NamingFormat(control.naming_format)
        self._list = CheckpointList(self._target, control.keep_past)
        self._names: set[str] = set()
        """Those given: no name is given again, though its checkpoint may be deleted by then."""
        self._n_full = 0
        self._mtime = int(time.time())
        with suppress(OSError):  # `write` meets it again and tells it
            self._target.mkdir(parents=True, exist_ok=True)
        self._by_evaluation = control.every_function_calls > 0 or control.at_new_best
        soon = self._by_evaluation or 0 <= control.every_seconds < 2 * PATIENCE_S
        self._packing = Packing(self._target, self._mtime, 0.0 if soon else PATIENCE_S)
        inputs = folder / INPUTS
        for path in sorted(p for p in inputs.rglob("*") if p.is_file()):
            self._packing.add(f"{archive.INPUTS}/{path.relative_to(inputs).as_posix()}", path)
        there = segments(self._journal)
        for path in (*there[:-1], *filter(is_full, there[-1:])):
            self.segment_full(path)

    def due(self, state: RunState) -> bool:
        """Return whether one is due by time, at this evaluation, or as the run begins."""
        by_time = 0 <= self._control.every_seconds < state.t - state.checkpoint_t
        if by_time or (self._by_evaluation and self.due_by_evaluation(state)):
            return True
        return state.n_started == 0 and self.due_at_start(state)

    def due_by_evaluation(self, state: RunState) -> bool:
        """Return whether this is an n-th evaluation, or the best, of which there is none yet.

        Both count through restarts.
        """
        n, done = self._control.every_function_calls, state.n_evaluations
        is_best = self._control.at_new_best and state.best.n == done
        return (is_best or (n > 0 and done % n == 0)) and done > max(state.checkpoint_n, 0)

    def due_at_start(self, state: RunState) -> bool:
        """Return whether AtInitialisation asks for one: none was made, no optimizer started."""
        asked = self._control.at_initialisation
        return asked and state.checkpoint_n < 0 and state.n_started == 0

    def due_at_end(self, state: RunState) -> bool:
        """Return whether AtEnd asks for one, unless the last one holds all evaluations already."""
        return self._control.at_end and state.checkpoint_n != state.n_evaluations

    def segment_full(self, path: Path) -> None:
        """Pack the segments up to this one, which grow no more."""
        for number in range(self._n_full + 1, int(path.stem) + 1):
            name = segment_name(number)
            self._packing.add(f"{archive.JOURNAL}/{name}", self._journal / name)
            self._n_full = number

    def write(self, state: RunState, saved: Mapping[int, Saved] | None = None) -> Checkpoint:
        """Make a checkpoint of all events so far; return the event to record behind them.

        The journal within it ends with that event; saved is what optimizers wrote of themselves.
        Raises CheckpointFailed; the checkpoints made before are then as they were.
        """
        try:
            self._target.mkdir(parents=True, exist_ok=True)
            self._find_full_segments()
            name = self._naming.free_name(datetime.now(), state.n_checkpoints, self._is_taken)
            event = Checkpoint(name, state.n_evaluations, state.t)
            self._packing.publish(
                self._target / (name + SUFFIX),
                lambda packed, waiting: self._finish(packed, waiting, event, state, saved or {}),
            )
            self._list.add(event.n, name + SUFFIX)
            self._names.add(name)
        except (OSError, UsageError) as error:
            raise CheckpointFailed(
                f"The checkpoint of evaluation {state.n_evaluations} could not be made in "
                f"{self._target}: {error}"
            ) from error
        finally:
            self._packing.prepare()
        return event

    def close(self) -> None:
        """End what goes on beside the run."""
        self._packing.close()

    def _is_taken(self, name: str) -> bool:
        return name in self._names or os.path.lexists(self._target / (name + SUFFIX))

    def _finish(
        self,
        packed: Packed,
        waiting: Sequence[Waiting],
        event: Checkpoint,
        state: RunState,
        saved: Mapping[int, Saved],
    ) -> Iterator[bytes]:
        """Yield all behind what is packed: files as they are, the manifest, the seal."""
        members, digest, place = list(packed.members), packed.digest.copy(), packed.n_bytes
        for part in stored(self._loose(members, waiting, event, saved)):
            digest.update(part)
            place += len(part)
            yield part
        head = self._manifest(tuple(members), event, state)
        digest.update(head)
        yield head + seal(place, digest.digest())

    def _loose(
        self,
        members: list[Member],
        waiting: Sequence[Waiting],
        event: Checkpoint,
        saved: Mapping[int, Saved],
    ) -> Iterator[bytes]:
        """Yield the files that are not packed, and list them; never all of one at once.

        The journal's open segment has one more line there, which tells of the checkpoint.
        """
        for name, path in waiting:
            yield from file_entry(name, path, self._mtime, members)
        last = segment_name(self._n_full + 1)
        yield from file_entry(
            f"{archive.JOURNAL}/{last}", self._journal / last, self._mtime, members, encode(event)
        )
        for o, one in saved.items():
            member, data = entry(state_name(o, one), one.state, self._mtime)
            members.append(member)
            yield data

    def _manifest(self, members: tuple[Member, ...], event: Checkpoint, state: RunState) -> bytes:
        manifest.check_names([member.name for member in members])
        text = manifest.Manifest(
            event.name,
            manifest.utc_now(),
            self._versions,
            manifest.counters(state),
            self._mtime,
            members,
        ).encode()
        return compressed(entry(MANIFEST, text, self._mtime)[1] + archive.END, 6)

    def _find_full_segments(self) -> None:
        paths = segments(self._journal)
        if not paths:
            raise OSError(f"{self._journal} holds no journal any more")
        for path in paths[:-1]:
            self.segment_full(path)
