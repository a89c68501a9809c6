"""Errors of the CRM core. Each text says what to do about it."""


class CrmError(Exception):
    """Something the caller asked for cannot be done; the text is fit for a person."""


class NotFound(CrmError):
    """No such record, or none that this speaker may see."""


class NotAllowed(CrmError):
    """The speaker's role does not permit this; `action` is what it lacks, where one is named."""

    def __init__(self, reason: str, action: str = "") -> None:
        super().__init__(reason)
        self.action = action


class NotPossible(CrmError):
    """The record's state does not permit this (a shipped order cannot be cancelled)."""

    def __init__(self, reason: str, **details: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details


class KeyProblem(CrmError):
    """The master key is missing, weak or not the one this data was written with."""


class Tampered(CrmError):
    """Stored ciphertext does not belong to the row it was found in, or was changed."""
