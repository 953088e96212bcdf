"""What is minimised: parameters, jobs, data sets and their loss."""
