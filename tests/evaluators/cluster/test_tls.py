"""Encrypted, and closed to those without a certificate."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest

from paramsrun.errors import RunError
from tests.evaluators.cluster.conftest import Cluster, Make, all_done
from tests.evaluators.losses import Sphere, task

pytestmark = pytest.mark.skipif(which("openssl") is None, reason="openssl is not installed")


_MAKE = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=paramsrun"


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    """Make one certificate, which is its own authority, for all parts."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [*_MAKE.split(), "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    return {
        "tls_ca_file": str(certificate),
        "tls_certificate": str(certificate),
        "tls_key": str(key),
    }


def test_a_cluster_of_ones_own_speaks_tls(dask: Make, certificates: dict[str, str]) -> None:
    evaluator = dask(Sphere(), None, n_here=1, **certificates)
    assert evaluator._own.address.startswith("tls://127.0.0.1:")
    evaluator.submit(task(1))
    assert len(all_done(evaluator, 1)) == 1


def test_who_has_a_certificate_takes_part_and_nobody_else(
    dask: Make, certificates: dict[str, str], new_cluster: Callable[..., Cluster]
) -> None:
    ca, certificate, key = certificates.values()
    options = ("--tls-ca-file", ca, "--tls-cert", certificate, "--tls-key", key)
    cluster = new_cluster(*options, workers=1)
    evaluator = dask(Sphere(), cluster, **certificates)
    evaluator.submit(task(1))
    assert len(all_done(evaluator, 1)) == 1
    with pytest.raises(RunError, match=r"No dask scheduler answers at tls://127\.0\.0\.1"):
        dask(Sphere(), cluster)
