"""NGINX's access logs: `json_lines` (`SETUP` is what to configure), `text_lines` (`combined`, ingress-nginx)."""
