"""Reading and writing social networks: one file a network, one line in `CONNECTORS`. Nothing outside knows a network.

There is none yet; social networks come next. What they will bring (posts, their authors, which author is confirmed to
be which customer) already has its tables, and the sample business fills them.
"""

CONNECTORS: dict[str, type] = {}
"""Name in the settings → class."""
