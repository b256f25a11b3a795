"""Benchmarks: what a turn costs and how long it takes, beside two baselines in the same run."""
