"""Vendor mappers: pure functions from a payload to contract events."""
