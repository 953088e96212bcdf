"""Processes that a loss function forked and let come back from the evaluation."""

import os


def end_fork(home: int) -> None:
    """End this process unless it is the one of that id: only that one answers for a point."""
    if os.getpid() != home:
        os._exit(0)
