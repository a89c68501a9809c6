"""Talks to people: takes messages in, answers them, hands them over, sends what was answered."""
