"""Rivals' identities: what is one thing and what is two, in whatever order and under whatever name it is told."""

from __future__ import annotations

from collections import Counter

from producers.emit import events as emit
from schemas import catalog
from schemas.delivery import CiRun, Deployment, Incident, Repository
from tests.rivals import payloads
from tests.rivals.story import HOUR, Story
from tests.rivals.telling import Telling, rival

APRIL = "2026-04-01", "2026-05-01"
FREQUENCY = "deployment_frequency_per_day"
FAIL = "change_fail_ratio"


@rival(
    "https://github.com/dora-team/fourkeys/blob/main/queries/incidents.sql",
    "https://github.com/entur/lamassu/pull/899",
)
def test_incident_seven_of_one_tracker_is_incident_seven_of_another() -> Telling:
    """Two trackers have a number 7, open from 10:00 to 11:00 and from 15:00 to 16:00: two incidents of an hour each.

    By kind of tracker and number they are one, of six hours.
    """
    story = Story("seven-left", "seven-right")
    for service, hour in (("seven-left", 10), ("seven-right", 15)):
        story.deploy(f"d-{service}", f"2026-04-02 {hour - 1:02}:30", service=service)
        told = {"service": service, "source": f"//jira/{service}"}
        story.incident("7", f"2026-04-02 {hour}:00", **told)
        story.incident("7", f"2026-04-02 {hour + 1}:00", "resolved", **told)
    ours = yield story

    spans = "SELECT service, dateDiff('minute', at, resolved_at) FROM incidents WHERE startsWith(service, 'seven-')"
    assert sorted(ours.rows(spans)) == [("seven-left", 60), ("seven-right", 60)]

    times = [one.time for one in story.said(Incident)]
    assert (max(times) - min(times)) / HOUR == 6.0


@rival("https://github.com/dora-team/fourkeys/blob/main/queries/incidents.sql")
def test_incident_seven_of_one_repository_is_incident_seven_of_another() -> Telling:
    """Two repositories of one GitHub have an issue 7, an hour each; by (source, number) they are one, of six hours."""
    story = Story("issue-left", "issue-right")
    for service, hour in (("issue-left", 10), ("issue-right", 15)):
        story.deploy(f"d-{service}", f"2026-04-02 {hour - 1:02}:30", service=service)
        told = {"service": service, "source": "//github.com", "repository": story.repository(service)}
        story.incident("7", f"2026-04-02 {hour}:00", **told)
        story.incident("7", f"2026-04-02 {hour + 1}:00", "resolved", **told)
    ours = yield story

    spans = "SELECT service, dateDiff('minute', at, resolved_at) FROM incidents WHERE startsWith(service, 'issue-')"
    assert sorted(ours.rows(spans)) == [("issue-left", 60), ("issue-right", 60)]
    times = [one.time for one in story.said(Incident)]
    assert (max(times) - min(times)) / HOUR == 6.0


@rival(
    "https://github.com/dora-team/fourkeys/blob/main/METRICS.md",
    "https://github.com/entur/lamassu/pull/899",
)
def test_build_twelve_of_one_repository_is_build_twelve_of_another() -> Telling:
    """Two repositories number their builds from 1, and each deploys its build 12 with one line in its pipeline.

    Two deployments, in the same minute; by `COUNT(DISTINCT deploy_id)` one.
    """
    story = Story("build-left", "build-right")
    for service in story.services:
        repository = f"git.example/acme/{service}"
        story.fact(catalog.Mapping(repository=repository, service=service))
        given = {
            "deployment_id": "12", "environment": "production", "status": "success", "repository": repository,
        }  # fmt: skip
        story.emit(emit.deployment(given, None, "2026-04-02T10:00:00Z"))
    ours = yield story

    assert [ours.velocity(service, FREQUENCY, *APRIL).numerator for service in story.services] == [1, 1]

    assert len({one.deployment_id for one in story.said(Deployment)}) == 1


@rival("https://github.com/repology/repology-updater/issues/783")
def test_a_renamed_repository_is_a_new_one() -> Telling:
    """Three deployments, and after the second the repository was renamed; its id was not. It is one service: three.

    By name, history ends with the rename, and a new service begins.
    """
    story = Story("renamed")
    for name in ("before", "after"):
        story.fact(catalog.Mapping(repository=f"github.com/acme/renamed-{name}", service="renamed"))
    for day, name in ((2, "before"), (3, "before"), (4, "after")):
        where = payloads.repository(91010, f"renamed-{name}")
        when = f"2026-04-0{day}T10:00:00Z"
        payload = payloads.deployment_status(where, 800 + day, 8800 + day, "success", when, "production")
        story.github("deployment_status", payload)
    ours = yield story

    assert ours.velocity("renamed", FREQUENCY, *APRIL).numerator == 3

    assert Counter(one.repository.name for one in story.said(Deployment)) == {
        "github.com/acme/renamed-before": 2,
        "github.com/acme/renamed-after": 1,
    }


@rival(
    "https://github.com/google/go-github/issues/2706",
    "https://github.com/runs-on/runs-on/issues/539",
    "https://github.com/rancher/fleet/issues/4000",
)
def test_the_last_word_that_arrives_is_the_latest() -> Telling:
    """A success and the `in_progress` before it arrive in the wrong order: it succeeded. By arrival it still runs."""
    story = Story("order-status")
    success = story.deploy("d1", "2026-04-02 10:05")
    story.deploy("d1", "2026-04-02 10:00", status="started")
    ours = yield story

    assert ours.velocity("order-status", FREQUENCY, *APRIL).numerator == 1

    assert story.events[0] is success
    assert story.said(Deployment)[-1].status == "started"


@rival(
    "https://github.com/google/go-github/issues/2706",
    "https://github.com/unkeyed/unkey/issues/4899",
)
def test_an_incident_is_heard_of_before_its_deployment() -> Telling:
    """The pager's message overtakes the deployment's, which comes when all else has been computed: it failed anyway.

    Laid at the latest deployment that was known when it arrived, the incident is the one before's.
    """
    story = Story("order-incident")
    story.deploy("d1", "2026-04-02 09:00")
    story.incident("i1", "2026-04-02 10:30")
    story.comes_late(story.deploy("d2", "2026-04-02 10:00"))
    ours = yield story

    assert ours.velocity("order-incident", FAIL, *APRIL).value == 0.5
    assert ours.rows("SELECT release FROM incidents WHERE service = 'order-incident'") == [("d2",)]

    known = [one for one in story.events if isinstance(one.data, Deployment | Incident)]
    before = known[: [isinstance(one.data, Incident) for one in known].index(True)]
    assert [one.data.deployment_id for one in before] == ["d1"]


@rival(
    "https://github.com/apache/devlake/issues/8262",
    "https://github.com/tenstorrent/tt-metal/pull/31693",
)
def test_only_the_last_attempt_of_a_run_is_kept() -> Telling:
    """A run failed, was run again on the same commit and passed: two attempts, one of which failed. It is flaky, where
    a rival that has one row per run id has never seen it fail.
    """
    story = Story("attempts")
    commit = story.sha("c1")
    story.ci_run("r1", "2026-04-02 10:00", attempt=1, outcome="failure", commit=commit)
    story.ci_run("r1", "2026-04-02 10:10", attempt=2, commit=commit)
    ours = yield story

    runs = "SELECT attempt, outcome FROM ci_runs WHERE service = 'attempts' ORDER BY attempt"
    assert ours.rows(runs) == [(1, "failure"), (2, "success")]

    by_id = {one.run_id: one.outcome for one in story.said(CiRun)}
    assert list(by_id.values()) == ["success"]


@rival("https://github.com/apache/devlake/issues/6690")
def test_a_repository_is_a_service() -> Telling:
    """One repository, two services, five deployments that name theirs: 3 and 2. By repository it is one of 5."""
    story = Story("named-api", "named-web")
    mono = Repository(id="git.example:named", name="git.example/acme/named", default_branch="main")
    for service, path in (("named-api", "api/**"), ("named-web", "web/**")):
        story.fact(catalog.Mapping(repository=mono.name or "", service=service, paths=(path,)))
    for number in range(5):
        service = "named-web" if number % 2 else "named-api"
        story.deploy(f"d{number}", f"2026-04-0{number + 1} 10:00", service=service, repository=mono)
    ours = yield story

    assert ours.velocity("named-api", FREQUENCY, *APRIL).numerator == 3
    assert ours.velocity("named-web", FREQUENCY, *APRIL).numerator == 2

    assert Counter(one.repository.id for one in story.said(Deployment)) == {"git.example:named": 5}


@rival(
    "https://github.com/open-metadata/OpenMetadata/issues/10247",
    "https://github.com/apache/devlake/issues/6264",
)
def test_what_two_teams_share_is_deployed_twice() -> Telling:
    """`payments` owned a service, then `ledger`: the organisation deployed it four times, not eight. Slices add up."""
    story = Story("shared-service")
    story.owns("shared-payments", "shared-service", entity="service")
    story.owns("shared-ledger", "shared-service", entity="service", when="2026-04-10")
    for day in ("06", "07", "13", "14"):
        story.deploy(f"d{day}", f"2026-04-{day} 10:00")
    ours = yield story

    by_team = "SELECT team, count() FROM deployments WHERE service = 'shared-service' GROUP BY team ORDER BY team"
    assert ours.rows(by_team) == [("shared-ledger", 2), ("shared-payments", 2)]

    teams = {one.data.team for one in story.events if isinstance(one.data, catalog.Ownership)}
    assert len(story.said(Deployment)) * len(teams) == 8
