"""The sample business: people, shopping, talk and posts, the same for the same seed and day."""
