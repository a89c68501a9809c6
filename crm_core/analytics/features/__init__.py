"""What is known about each customer: one definition, kept up to date in one table."""
