import subprocess
import sys

import pytest

from paramsrun.optimizers.study.address import connectable
from paramsrun.optimizers.study.locks import held, lock_of

pytest.importorskip("optuna")

HOLDER = """
import sys
from paramsrun.optimizers.study.address import connectable
from paramsrun.optimizers.study.locks import lock_of
lock = lock_of(connectable(sys.argv[1]), "one")
assert lock.take()
print("held", flush=True)
sys.stdin.read()
"""


def test_one_holds_it_at_a_time(storage: str) -> None:
    one, other = (lock_of(connectable(storage), "one") for _ in range(2))
    assert one.take()
    assert one.is_held()
    assert not other.take()
    with held(other) as is_held:
        assert not is_held
    one.release()
    with held(other) as is_held:
        assert is_held
        assert not one.take()
    assert one.take()
    one.close()
    assert other.take()
    other.close()


def test_it_ends_with_a_holder_that_is_killed(storage: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, storage],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    lock = lock_of(connectable(storage), "one")
    assert not lock.take()
    holder.kill()
    holder.wait()
    for _ in range(60):  # a server may hear of it later
        with held(lock) as is_held:
            if is_held:
                break
    assert is_held
    lock.close()
    holder.stdin.close()
    holder.stdout.close()
