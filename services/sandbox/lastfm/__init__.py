"""Last.fm: what its listeners tag artists with, and the tracks that they play."""
