"""When an optimizer is stopped; one file per stopper."""
