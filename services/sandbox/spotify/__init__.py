"""Spotify Web API as of 2026: token, search, single artist and single track."""
