"""Where a loss evaluation runs; one file per member."""
