"""Our events as CDEvents: what they look like to others, and that they come back as they were."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from producers.export.cdevents import cdevent
from producers.sources import cdevents
from producers.sources.common import Context
from schemas.delivery import CiRun, Deployment, Incident, Merge, Push, Repository
from schemas.envelope import Event
from tests.support.source_examples import EVENTS, EXAMPLES

AT = datetime(2024, 5, 1, 10, tzinfo=UTC)
PAY = Repository(id="git.example:7", name="git.example/acme/pay")
C = "c3" * 20
NOT_TOLD = {
    "actor",
    "is_bot",
    "labels",
    "provider",
    "commits",  # lists
    "fixes",
    "is_production",
    "head_repository",
    "method",
    "commit_count",
    "opened_at",
    "queued_at",  # of states that have their own event
    "started_at",
    "merged_at",
    "first_review_at",
}
"""What does not travel: persons, lists of commits, and times that other events of the same thing tell."""


def event(data: Any) -> Event:
    return Event(id="e-1", source="//git.example", time=AT, subject="x", mapperrevision=1, data=data)


def back(made: dict[str, Any]) -> Event:
    (found,) = cdevents.map_payload(made, {}, Context(salt=b"salt")).events
    return found


def test_a_run_as_others_see_it() -> None:
    run = CiRun(
        provider="github",
        repository=PAY,
        run_id="7",
        attempt=2,
        name="build",
        commit=C,
        state="finished",
        outcome="timed_out",
    )
    assert cdevent(event(run)) == {
        "specversion": "1.0",
        "id": "e-1",
        "source": "//git.example",
        "type": "dev.cdevents.pipelinerun.finished.0.3.0",
        "time": "2024-05-01T10:00:00Z",
        "subject": "7",
        "datacontenttype": "application/json",
        "data": {
            "context": {
                "specversion": "0.5.0",
                "id": "e-1",
                "source": "//git.example",
                "type": "dev.cdevents.pipelinerun.finished.0.3.0",
                "timestamp": "2024-05-01T10:00:00Z",
            },
            "subject": {
                "id": "7",
                "source": "//git.example",
                "content": {"pipelineName": "build", "outcome": "error"},
            },
            "customData": {
                "adoption": {
                    "commit": C,
                    "repository": "https://git.example/acme/pay",
                    "attempt": 2,
                    "outcome": "timed_out",
                }
            },
            "customDataContentType": "application/json",
        },
    }


@pytest.mark.parametrize(
    ("status", "rollback", "type_"),
    [
        ("success", None, "dev.cdevents.service.deployed.0.3.0"),
        ("success", True, "dev.cdevents.service.rolledback.0.3.0"),
        ("inactive", None, "dev.cdevents.service.removed.0.3.0"),
        ("failure", None, "dev.cdeventsx.adoption-service.failed.0.1.0"),
        ("rolled_back", None, "dev.cdeventsx.adoption-service.rolledback.0.1.0"),
    ],
)
def test_a_deployment_has_a_type_by_its_status(status: Any, rollback: bool | None, type_: str) -> None:
    data = Deployment(
        provider="github",
        service="pay",
        deployment_id="9",
        environment="production",
        version="1.4.0",
        commit=C,
        repository=PAY,
        status=status,
        is_rollback=rollback,
    )
    made = cdevent(event(data))
    assert made is not None
    assert made["type"] == type_
    found = back(made).data
    assert isinstance(found, Deployment)
    assert (found.status, found.is_rollback, found.deployment_id) == (status, rollback, "9")
    assert (found.service, found.environment, found.version, found.commit) == ("pay", "production", "1.4.0", C)


def test_a_package_url_tells_a_consumer_of_cdevents_alone_version_and_commit() -> None:
    data = Deployment(provider="x", deployment_id="9", version="1.4.0+7", commit=C, repository=PAY, status="success")
    made = cdevent(event(data))
    assert made is not None
    subject = made["data"]["subject"]
    assert subject["id"] == "acme/pay"
    assert subject["content"]["artifactId"] == (
        f"pkg:generic/acme/pay@1.4.0%2B7?vcs_url=git%2Bhttps%3A%2F%2Fgit.example%2Facme%2Fpay%40{C}"
    )


def test_an_incident_refers_to_the_event_of_its_deployment() -> None:
    deployment = Deployment(provider="x", service="pay", deployment_id="9", status="success")
    incident = Incident(provider="x", incident_id="i-1", state="acknowledged", service="pay", deployment_ids=("9",))
    told, deployed = cdevent(event(incident)), cdevent(event(deployment))
    assert told is not None
    assert deployed is not None
    assert told["type"] == "dev.cdeventsx.adoption-incident.acknowledged.0.1.0"
    found, by = back(told).data, back(deployed).data
    assert isinstance(found, Incident)
    assert isinstance(by, Deployment)
    assert found.deployment_ids == (by.deployment_id,) == ("9",)


def test_a_push_has_no_cdevent() -> None:
    assert cdevent(event(Push(provider="git", ref="refs/heads/main"))) is None


def test_every_event_of_every_source_comes_back_as_it_was() -> None:
    came = Counter[str]()
    for name in EVENTS:
        for one in EXAMPLES[name].events().events:
            made = cdevent(one)
            if made is None:
                assert isinstance(one.data, Push)
                continue
            found = back(made)
            assert (found.time, type(found.data)) == (one.time, type(one.data)), name
            assert differences(one, found) == {}, name
            came[one.data.kind] += 1
    assert set(came) == {"ci_run", "merge", "deployment", "incident"}
    assert min(came.values()) >= 5


def differences(one: Event, found: Event) -> dict[str, Any]:
    """Fields that say something else than before, apart from those that do not travel."""
    before, after = (item.data.model_dump(exclude=NOT_TOLD, exclude_none=True) for item in (one, found))
    data = one.data
    if isinstance(data, Deployment):
        before.pop("title", None)
        before.pop("url", None)
        if data.is_rollback is False:  # what CDEvents calls deployed says as much
            before.pop("is_rollback")
        if data.service is None:  # CDEvents has no service without an id
            after.pop("service", None)
    if isinstance(data, Merge):
        before.pop("title", None)
        before.pop("url", None)
        before["state"] = {"approved": "updated"}.get(data.state, data.state)
    if isinstance(data, Incident):
        before["incident_id"] = after["incident_id"]  # of another instance now
        if data.state == "resolved":  # CDEvents describes the resolution there
            before.pop("title", None)
    for item in (before, after):
        (item.get("repository") or {}).pop("id", None)
        (item.get("repository") or {}).pop("default_branch", None)
        if not item.get("repository"):
            item.pop("repository", None)
    return {
        name: (before.get(name), after.get(name))
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }
