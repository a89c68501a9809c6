"""Knows customers: the records, who may see them, how they are kept, and what follows from them."""
