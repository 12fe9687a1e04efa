"""Catalogues: which song is meant, who plays it, and what genres they play."""
