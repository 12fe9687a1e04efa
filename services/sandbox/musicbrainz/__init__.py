"""MusicBrainz web service 2: from a Spotify artist to MusicBrainz, and to genres."""
