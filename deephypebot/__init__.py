"""The command line, and nothing else: it opens doors, lazily."""
