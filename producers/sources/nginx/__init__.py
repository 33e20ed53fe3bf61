"""NGINX's access logs: `json_lines` (`LOG_FORMAT` is what to configure), `text_lines` (`combined`, ingress-nginx)."""
