"""Who turns evidence into proposals."""
