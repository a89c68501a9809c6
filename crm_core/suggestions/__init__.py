"""Next best actions: what speaks for one, what it is worth, who sees it, what came of it."""
