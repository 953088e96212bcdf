"""Which optimizer starts next; one file per selector."""
