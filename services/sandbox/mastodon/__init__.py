"""Mastodon 4.5: reading the home timeline and mentions, publishing, and logging in."""
