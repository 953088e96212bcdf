"""Files that each folder of a program has."""

PARAMETERS = "parameters.json"
STDOUT = "stdout.txt"
STDERR = "stderr.txt"
