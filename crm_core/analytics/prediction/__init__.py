"""What customers will do next: examples, models, the test by time, and the stored answers."""
