"""Understands text: language, intent, entities and mood. Knows nothing of customers or channels."""
