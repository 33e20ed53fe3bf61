"""Webhooks of GitHub's as a story needs them: what the mapper reads of them, and nothing else."""

from __future__ import annotations

from typing import Any


def repository(number: int, name: str) -> dict[str, Any]:
    return {
        "id": number,
        "full_name": f"acme/{name}",
        "html_url": f"https://github.com/acme/{name}",
        "default_branch": "main",
    }


def deployment_status(  # noqa: PLR0917 - in the order of the story
    where: dict[str, Any], deployment: int, status: int, state: str, when: str, environment: str
) -> dict[str, Any]:
    return {
        "action": "created",
        "repository": where,
        "deployment": {
            "id": deployment,
            "sha": f"{deployment:040x}",
            "ref": "main",
            "environment": environment,
            "created_at": when,
            "production_environment": environment == "production",
        },
        "deployment_status": {"id": status, "state": state, "environment": environment, "created_at": when},
    }
