"""Watchers: they read a system's own API where it sends no webhook, and give the events that a webhook would give.

`api.py` speaks Kubernetes' list and watch, `watcher.py` is the loop that never loses its place (`place.py`),
`command.py` the command line. What an object means is said by its mapper in `producers/sources/`.
"""
