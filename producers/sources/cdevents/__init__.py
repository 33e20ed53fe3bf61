"""CDEvents, whoever says them: one module per group of subjects, dispatched by `mapper.map_payload`."""

from producers.sources.cdevents.mapper import map_payload

__all__ = ["map_payload"]
