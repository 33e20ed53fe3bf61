"""Apache Kafka from its published jars, and the topics of the registry."""
