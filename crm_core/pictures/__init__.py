"""Pictures that customers send: what is written in them, and which look alike."""
