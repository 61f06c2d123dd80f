"""Measurements that are not part of the package: comparisons, baselines."""
