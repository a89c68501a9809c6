"""Recordings that customers send: what is said in them, where something is installed that can tell."""
