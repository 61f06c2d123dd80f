"""A network whose call gives its own loss, so that `train_on_batch` needs no labels and knows every part of it."""

from __future__ import annotations

from typing import Any

import keras


class OwnLoss(keras.Model):
    """Its call gives scalars by name; training makes the first of `parts` small and reports the means of all.

    Args:
        parts: the names.
    """

    def __init__(self, parts: tuple[str, ...] = ("loss",), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parts = parts
        self.trackers = {name: keras.metrics.Mean(name=name) for name in parts}

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        for name, tracker in self.trackers.items():
            tracker.update_state(y_pred[name])
        return y_pred[self.parts[0]]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.trackers.values())

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        return self.get_metrics_result()
