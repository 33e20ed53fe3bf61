"""The way out: our events for other systems."""
