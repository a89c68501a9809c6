"""Customers by conditions: read out of a sentence, changed by the next one, and one SQL statement on every database."""
