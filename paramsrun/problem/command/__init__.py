"""The parts of Engine Command: a program that is run once for each evaluation."""
