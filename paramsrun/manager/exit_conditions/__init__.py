"""When a run ends; one file per condition."""
