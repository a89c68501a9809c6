"""Benchmarks anyone can run: `python -m benchmarks.NAME [--json]`. Figures are medians and ratios; machines are noisy."""
