"""What the operator says: settings, schedule, training lines, replies, knowledge, the sample business."""

VERSION = "0.1.0"
"""Of the product, as in pyproject.toml."""
