"""All attempts, by category."""

from collections.abc import Mapping

from tests.malice import (
    archives,
    expressions,
    folders,
    journals,
    names,
    pickles,
    programs,
    texts,
)
from tests.malice.attempt import Attempt

CATALOGUE: Mapping[str, tuple[Attempt, ...]] = {
    **archives.CATALOGUE,
    **journals.CATALOGUE,
    **folders.CATALOGUE,
    **pickles.CATALOGUE,
    **texts.CATALOGUE,
    **expressions.CATALOGUE,
    **programs.CATALOGUE,
    **names.CATALOGUE,
}
