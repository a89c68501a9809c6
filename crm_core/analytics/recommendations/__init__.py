"""What to offer whom: recommenders, their mix, lists with reasons, and what goes together."""
