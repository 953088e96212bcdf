"""TLS certificates: who may speak with whom, and what others can read of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Certificates:
    """Three files in PEM format; all parts of a cluster may share them."""

    authority: Path
    """Who signs the certificates that are accepted."""
    certificate: Path
    key: Path

    def security(self) -> Any:
        """Return what dask makes of them, for each part that it has."""
        from distributed.security import Security

        own = {
            f"tls_{part}_{what}": str(path)
            for part in ("client", "scheduler", "worker")
            for what, path in (("cert", self.certificate), ("key", self.key))
        }
        return Security(tls_ca_file=str(self.authority), require_encryption=True, **own)
