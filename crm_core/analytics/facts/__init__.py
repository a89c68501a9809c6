"""What is stored as facts that analysis reads: views, their files for other engines, and what changed since when."""
