"""Bluesky's XRPC: sessions, the home timeline, and records under names of the caller's choosing."""
