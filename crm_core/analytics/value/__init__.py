"""What customers are worth and how long they stay: models, their test on later days, and how it is spread."""
