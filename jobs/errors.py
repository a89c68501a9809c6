"""What a job may say besides its result."""


class TryLater(Exception):
    """What the job needs is not there yet (a channel still connects). It is tried again until it is too late."""
