"""What every service shares: settings, errors, keys, request ids, logs, metrics, health."""
