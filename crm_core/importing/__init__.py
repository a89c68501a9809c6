"""Business data from files and shop systems: which column is what, what a cell means, and what is taken in."""
