"""What the optimizer Optuna is made of: samplers, searches of one process, and shared studies."""
