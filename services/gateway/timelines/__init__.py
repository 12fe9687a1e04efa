"""Timelines: where posts are read, and where approved drafts are published."""
