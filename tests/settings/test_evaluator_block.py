"""What the block Evaluator says of a cluster, and what it cannot say."""

from typing import Any

import pytest

from paramsrun.settings import running
from paramsrun.settings.running import Evaluator

TLS = {"tls_ca_file": "ca.pem", "tls_certificate": "c.pem", "tls_key": "k.pem"}


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "find_spec", lambda name: object())


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"scheduler_file": "s.json"},
        {"address": "tcp://10.0.0.5:8786"},
        {"address": "tls://node7.cluster:8786", **TLS},
        {"workers": 4, "timeout": 60.0, "memory": 500.0, **TLS},
    ],
)
def test_a_cluster_may_be(keys: dict[str, Any]) -> None:
    assert [*Evaluator(type="Dask", **keys).mistakes()] == []


@pytest.mark.parametrize(
    ("keys", "mistake"),
    [
        (
            {"scheduler_file": "s.json", "address": "tcp://a:1"},
            "Address and SchedulerFile both name a scheduler: give one of them",
        ),
        ({"address": "10.0.0.5"}, "Address must be tcp://host:port, not 10.0.0.5"),
        ({"address": "tcp://node7"}, "Address must be tcp://host:port, not tcp://node7"),
        ({"address": "tcp:/a:1", **TLS}, "Address must be tls://host:port, not tcp:/a:1"),
        ({"tls_key": "k.pem"}, "TLSKey needs TLSCAFile and TLSCertificate, too"),
        (
            {"tls_ca_file": "ca.pem", "tls_key": "k.pem"},
            "TLSCAFile needs TLSCertificate, too",
        ),
    ],
)
def test_a_cluster_cannot_be(keys: dict[str, Any], mistake: str) -> None:
    assert [*Evaluator(type="Dask", **keys).mistakes()] == [mistake]


@pytest.mark.parametrize("type", ["Automatic", "Inline", "Processes"])
def test_keys_of_a_cluster_need_its_type(type: Any) -> None:
    found = [*Evaluator(type=type, address="tcp://a:1", tls_key="k").mistakes()]
    assert found == [f"Address needs Type Dask, not {type}", f"TLSKey needs Type Dask, not {type}"]


def test_a_missing_extra_is_told_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "find_spec", lambda name: None)
    (found,) = Evaluator(type="Dask").mistakes()
    assert found == (
        "Type Dask needs dask.distributed, which is not installed: "
        "pip install 'paramsrun[distributed]'"
    )
