"""Who the Kubernetes mappers are, for all modules of this package."""

from __future__ import annotations

from producers.sources.evidence import Vendor

KUBERNETES = Vendor("kubernetes", revision=1)
SOURCE = "//kubernetes"
"""One for all clusters: uids are unique among them, and a webhook and a watch must give one event."""
