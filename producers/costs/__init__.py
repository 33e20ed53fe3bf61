"""Bills and allocations as files or addresses to cost events: the thin edge around the mappers of bills."""
