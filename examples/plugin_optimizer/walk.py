"""A random walk that goes downhill: an optimizer of one's own in 30 lines."""

import numpy as np

from paramsrun import BaseOptimizer, MinimizeResult


class RandomWalk(BaseOptimizer):
    """Steps at random from the best point, further where that helps and less far where not."""

    needscaler = "linear"

    def __init__(self, step=0.1, **kwargs):
        super().__init__(**kwargs)
        self.step = step
        self.is_stopped = False

    def minimize(self, function, x0, bounds, smallest_step=1e-4):
        x, fx = x0, function(x0)
        while self.step > smallest_step and not self.is_stopped:
            move = self.step * self.rng.normal(size=len(x))
            trial = np.clip(x + move, bounds[:, 0], bounds[:, 1])
            f_trial = function(trial)
            self.step *= 1.5 if f_trial < fx else 0.9
            if f_trial < fx:
                x, fx = trial, f_trial
            self.check_messages()
            self._pause_signal.wait()
        self.message_manager(0, f"its step has shrunk to {self.step:.1e}")
        return MinimizeResult(success=not self.is_stopped, x=x, fx=fx)

    def callstop(self, reason):
        self.is_stopped = True
