"""Writes `dashboards/*.json` from `families.py`; a test says when it was forgotten.

Run `python -m deploy.grafana.generate` after a change there.
"""

from __future__ import annotations

import json
from pathlib import Path

from deploy.grafana.families import DASHBOARDS

FOLDER = Path(__file__).parent / "dashboards"


def files() -> dict[str, str]:
    """File name → text of every dashboard."""
    return {
        f"{dashboard.uid.removeprefix('adoption-')}.json": json.dumps(dashboard.json(), indent=2, ensure_ascii=False)
        + "\n"
        for dashboard in DASHBOARDS
    }


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
