"""`adoption emit`: one contract event from any CI step. Free of pydantic and httpx, so that it starts fast."""
