"""Text in: read, clean and split the corpus, and name its genres."""
