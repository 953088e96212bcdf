"""An input as attributes: ``settings.input.Optimizer[0].CMAES.Sigma0 = 0.3``.

Names, kinds and ranges are those that the settings classes declare; whatever stands here is what
the same words in an input file mean.
"""

from paramsrun.attributes.blocks import FreeBlock, InputBlock, Recurring, empty
from paramsrun.attributes.text import from_tree, text_of

__all__ = ["FreeBlock", "InputBlock", "Recurring", "empty", "from_tree", "text_of"]
