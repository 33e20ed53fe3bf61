"""NGINX's access log in the documented `log_format` (JSON, see `producers.sources.nginx.json_lines.SETUP`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deploy.local.demo.gateway import Request

_PROBE = "blackbox-exporter/0.25"
_CLIENT = "client/2.4"
_LIMIT = {429: "REJECTED"}


def lines(seed: int, requests: Iterable[Request]) -> Iterator[str]:
    """One line for each request, ending in a newline; NGINX writes a line when the request ends."""
    for at_ms, service, method, path, status, consumer, latency_ms, sent, is_probe in requests:
        yield (
            f'{{"at":{at_ms / 1000:.3f},"request_id":"{seed & 0xFFFF:04x}{at_ms:016x}{sent:012x}",'
            f'"service":"{service}","route":"","method":"{method}","path":"{path}","status":{status},'
            f'"seconds":{latency_ms / 1000:.3f},"request_bytes":{180 + len(path)},"response_bytes":{sent},'
            f'"consumer":"{consumer}","team":"","environment":"production",'
            f'"user_agent":"{_PROBE if is_probe else _CLIENT}","limit":"{_LIMIT.get(status, "PASSED")}"}}\n'
        )
