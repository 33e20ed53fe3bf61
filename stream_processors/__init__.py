"""Faust processors that turn contract events into idempotent rows, and recompute what is dirty."""
