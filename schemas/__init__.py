"""Contracts: stream registry, event models, wire bindings, warehouse schema."""
