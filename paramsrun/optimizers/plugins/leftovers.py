"""What the user's code has left running, for which Python would wait at its end."""

import threading
from multiprocessing import active_children

from paramsrun.optimizers.plugins.threads import NAME

_LAST_S = 1.0
"""A process may take so long to end when it is asked to."""


def end_processes() -> None:
    """End the processes that were started by `multiprocessing` and are still there."""
    children = active_children()
    for child in children:
        child.terminate()
    for child in children:
        child.join(_LAST_S)
        if child.is_alive():
            child.kill()


def threads_are_left() -> bool:
    """Return whether threads are alive that may keep this process from ending."""
    own = (threading.main_thread(), threading.current_thread())
    others = [thread for thread in threading.enumerate() if thread not in own]
    return any(thread.name == NAME or not thread.daemon for thread in others)
