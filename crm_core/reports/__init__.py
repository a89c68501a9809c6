"""Figures of the business over local days: what each counts, and the digest made of them. Texts are not made here."""
