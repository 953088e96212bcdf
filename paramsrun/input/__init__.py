"""Text to located tree and back: the block syntax, which knows names only as it is told them."""
