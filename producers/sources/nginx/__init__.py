"""NGINX's access logs: whole lines in, gateway rows out. `map_lines` is the way in, `LOG_FORMAT` what to configure."""

from producers.sources.nginx.json_lines import LOG_FORMAT
from producers.sources.nginx.mapper import Format, map_lines

__all__ = ["LOG_FORMAT", "Format", "map_lines"]
