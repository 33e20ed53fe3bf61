"""Grafana: its data source, its dashboards and the program that writes them."""
