"""Settings of a ClickHouse server that serves this product: users, roles, limits."""
