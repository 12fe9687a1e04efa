"""X API v2: reading the home timeline, publishing, and how our posts were received."""
