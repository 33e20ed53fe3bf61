"""`adoption bridge`: gateway records that already lie in somebody's Kafka topic, counted once each.

Another door beside the ingest service: the records are read from the foreign topic, mapped by the same mappers, and
produced to the gateway stream as units that are offset ranges.
"""
