"""Who asks whom in a mesh: names of workloads out of hosts and certificates.

Used by the formats of proxies that sit beside a workload. A name is what the cluster's own objects are called, without
the cluster's domain, as `workloads.py` names them for deployments; the catalog has aliases for the rest.
"""

from __future__ import annotations

import re

_IDENTITY = re.compile(
    r"spiffe://[^/]+/ns/(?P<space>[^/]+)/sa/(?P<account>[^/,]+)"
    r"|(?P<linked>[a-z0-9-]+)\.(?P<within>[a-z0-9-]+)\.serviceaccount\.identity\.[a-z0-9.-]+"
)
_HOST = re.compile(r"([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.[a-z0-9.-]+)?")
_ADDRESS = re.compile(r"[0-9.]+|.*:.*")


def workload(identity: str) -> str:
    """The service account that a certificate is of; of several identities the first. Else the identity's own words.

    An account called `default` says only the namespace: `shop/default`.
    """
    first = identity.partition(",")[0].strip()
    match = _IDENTITY.fullmatch(first)
    if match is None:
        return first.removeprefix("spiffe://")
    account, space = match["account"] or match["linked"], match["space"] or match["within"]
    return f"{space}/{account}" if account == "default" else account


def service_of(host: str) -> str:
    """The service that a host names: `pay` of `pay.shop.svc.cluster.local:8080`; empty for an address."""
    name = _name(host)
    match = _HOST.fullmatch(name)
    return match[1] if match else name


def namespace_of(host: str) -> str:
    """The namespace that a cluster's own host names; empty for any other."""
    match = _HOST.fullmatch(_name(host))
    return match[2] if match else ""


def _name(host: str) -> str:
    name, found, port = host.strip().lower().rpartition(":")
    bare = name if found and port.isdigit() else host.strip().lower()
    return "" if _ADDRESS.fullmatch(bare) else bare
