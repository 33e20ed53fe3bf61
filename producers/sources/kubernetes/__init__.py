"""Kubernetes' own objects: Deployments that finish rolling out, and the events that other controllers write."""
