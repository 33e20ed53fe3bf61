"""Spinnaker's webhook (Echo): one module per kind of event, dispatched by `mapper.map_payload`."""

from producers.sources.spinnaker.mapper import map_payload

__all__ = ["map_payload"]
