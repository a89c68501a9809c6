"""Benchmarks anyone can run: `python -m benchmarks.NAME [--json]`. Quote medians and ratios: machines are noisy."""
