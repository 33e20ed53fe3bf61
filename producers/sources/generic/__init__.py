"""Webhooks without code: a file says which JSON becomes which contract event, by expressions that cannot run away."""
