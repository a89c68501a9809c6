"""Data quality: what is wrong with a file to be imported or with the database, by the same rules for both.

Loads pandas and pandera, so that only commands and jobs may import it, and only where it is used. `texts` repairs
texts, `sheets` makes frames of files and of the database, `rules` declares what must hold, `cleaning` applies it all,
`people` finds likely duplicates, `reporting` says it in words.
"""
