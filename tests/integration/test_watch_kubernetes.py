"""`adoption watch kubernetes` against a server that replays watch streams: what it tells, how it keeps its place."""

import copy
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from producers.sources.common import Context
from producers.sources.kubernetes.mapper import map_payload
from producers.watch.api import Api, RefusedError
from producers.watch.command import watch
from producers.watch.place import Place
from producers.watch.watcher import Watcher, collection
from tests.support.api_server import Answer, ApiServer, bookmark, gone, listed

COMPLETE = json.loads((Path(__file__).parents[1] / "examples" / "kubernetes" / "deployment_complete.json").read_text())
CONTEXT = Context(salt=b"salt")


def rolled_out(revision, *, version):
    """The Deployment after the rollout of a revision, as resource version `version`."""
    it = copy.deepcopy(COMPLETE)
    it["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = str(revision)
    it["metadata"]["resourceVersion"] = version
    it["status"]["conditions"][1]["lastUpdateTime"] = f"2024-05-02T10:{revision:02}:00Z"
    return it


def changed(it):
    return {"type": "MODIFIED", "object": it}


def revisions(events):
    return [event.data.deployment_id.partition(":")[2] for event in events]


class Follower:
    """A watcher on a server, what it sent, and its state; it ends where the server's script does."""

    def __init__(self, server, folder, send=None):
        self.sent = []
        self.pauses = []
        self.api = Api(server.url, lambda: None)
        self.place = Place(folder, server.url, collection(None))
        self.watcher = Watcher(
            self.api,
            collection(None),
            self.place,
            send=send or self.sent.extend,
            context=CONTEXT,
            cluster=None,
            pause=self.pauses.append,
        )

    def run(self):
        with self.api, pytest.raises(RefusedError):
            self.watcher.run()


def test_what_there_is_is_told_then_what_changes(tmp_path):
    script = (
        listed(rolled_out(1, version="100"), version="200", more="page-2"),
        listed(rolled_out(2, version="150"), version="200"),
        Answer((changed(rolled_out(3, version="201")), changed(rolled_out(4, version="202")))),
    )
    with ApiServer(*script) as server:
        follower = Follower(server, tmp_path)
        follower.run()
    assert revisions(follower.sent) == ["1", "2", "3", "4"]
    assert server.asked[1][1] == {"limit": "500", "continue": "page-2"}
    assert server.versions() == [None, None, "200", "202"]
    assert server.asked[2][1]["allowWatchBookmarks"] == "true"


def test_an_event_of_a_watch_is_the_webhooks(tmp_path):
    with ApiServer(listed(version="1"), Answer((changed(COMPLETE),))) as server:
        follower = Follower(server, tmp_path)
        follower.run()
    assert tuple(follower.sent) == map_payload(COMPLETE, {}, CONTEXT).events


def test_a_connection_cut_in_the_middle_of_an_object_goes_on_where_it_was(tmp_path):
    torn = json.dumps(changed(rolled_out(2, version="202")))[:300]
    script = (
        listed(version="200"),
        Answer((changed(rolled_out(1, version="201")),), cut=torn),
        Answer((changed(rolled_out(2, version="202")),)),
    )
    with ApiServer(*script) as server:
        follower = Follower(server, tmp_path)
        follower.run()
    assert revisions(follower.sent) == ["1", "2"]
    assert server.versions() == [None, "200", "201", "202"]
    assert follower.pauses == [0.5]


def test_a_bookmark_moves_the_place_without_a_change(tmp_path):
    with ApiServer(listed(version="200"), Answer((bookmark("900"),)), Answer(cut="")) as server:
        follower = Follower(server, tmp_path)
        follower.run()
    assert server.versions() == [None, "200", "900", "900"]
    assert follower.sent == []


@pytest.mark.parametrize("told", [Answer((gone(),)), Answer(status=410)], ids=["in the stream", "as a status"])
def test_a_place_that_the_server_forgot_is_listed_anew(tmp_path, told):
    script = (
        listed(rolled_out(1, version="100"), version="200"),
        told,
        listed(rolled_out(3, version="800"), version="900"),
        Answer((changed(rolled_out(4, version="901")),)),
    )
    with ApiServer(*script) as server:
        follower = Follower(server, tmp_path)
        follower.run()
    assert revisions(follower.sent) == ["1", "3", "4"]
    assert server.versions() == [None, "200", None, "900", "901"]


def test_a_list_whose_next_page_is_gone_begins_again(tmp_path):
    script = (
        listed(rolled_out(1, version="100"), version="200", more="old"),
        Answer(status=410),
        listed(rolled_out(1, version="100"), version="300"),
        Answer((bookmark("301"),)),
    )
    with ApiServer(*script) as server:
        follower = Follower(server, tmp_path)
        follower.run()
    first, again = follower.sent
    assert first == again  # one event, told twice
    assert server.versions() == [None, None, None, "300", "301"]


def test_a_server_that_is_busy_is_asked_again_with_longer_pauses(tmp_path):
    with ApiServer(Answer(status=500), Answer(status=429), Answer(status=503), listed(version="1")) as server:
        follower = Follower(server, tmp_path)
        follower.run()
    assert follower.pauses == [0.5, 1.0, 2.0]


def test_a_watcher_started_again_goes_on_where_it_was(tmp_path):
    with ApiServer(
        listed(version="200"),
        Answer((changed(rolled_out(1, version="201")),)),
        Answer(status=403),
        Answer((changed(rolled_out(2, version="202")),)),
    ) as server:
        Follower(server, tmp_path).run()
        second = Follower(server, tmp_path)
        second.run()
    assert revisions(second.sent) == ["2"]
    assert server.versions() == [None, "200", "201", "201", "202"]


def test_a_change_whose_events_were_not_accepted_is_told_again(tmp_path):
    class AwayError(Exception):
        pass

    def away(events):
        raise AwayError

    script = (listed(version="200"), *[Answer((changed(rolled_out(1, version="201")),))] * 2)
    with ApiServer(*script) as server:
        refused = Follower(server, tmp_path, send=away)
        with refused.api, pytest.raises(AwayError):
            refused.watcher.run()
        second = Follower(server, tmp_path)
        second.run()
    assert revisions(second.sent) == ["1"]
    assert server.versions() == [None, "200", "200", "201"]


def test_an_object_that_cannot_be_read_is_passed_over_and_counted(tmp_path):
    broken = rolled_out(1, version="201")
    del broken["metadata"]["uid"]
    with ApiServer(listed(version="200"), Answer((changed(broken), changed(rolled_out(2, version="202"))))) as server:
        follower = Follower(server, tmp_path)
        follower.run()
    assert revisions(follower.sent) == ["2"]
    assert follower.watcher.left_out["rejected:missing_field"] == 1


def test_a_state_file_that_is_damaged_costs_a_list(tmp_path):
    (tmp_path / "kubernetes.json").write_text('{"http')
    with ApiServer(listed(version="200")) as server:
        Follower(server, tmp_path).run()
    assert server.versions() == [None, "200"]


def test_the_command_tells_the_ingest_service(tmp_path, monkeypatch):
    token = tmp_path / "token"
    token.write_text("of-this-pod\n")
    with ApiServer(listed(rolled_out(1, version="100"), version="200"), token="of-this-pod") as server:
        monkeypatch.setenv("ADOPTION_INGEST_URL", server.url)
        monkeypatch.setenv("ADOPTION_DATA_DIR", str(tmp_path))
        arguments = ["kubernetes", "--server", server.url, "--token-file", str(token), "--namespace", "production"]
        result = CliRunner().invoke(watch, [*arguments, "--cluster", "eu-1", "--selector", "team=pay", "--once"])
    assert (result.exit_code, result.output) == (0, "1 events sent\n")
    assert server.asked[0] == (
        "/apis/apps/v1/namespaces/production/deployments",
        {"limit": "500", "labelSelector": "team=pay"},
    )
    (event,) = server.posted
    assert (event["source"], event["data"]["region"]) == ("//kubernetes", "eu-1")


def test_a_token_that_may_not_watch_is_told_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setenv("ADOPTION_DATA_DIR", str(tmp_path))
    with ApiServer() as server:
        result = CliRunner().invoke(watch, ["kubernetes", "--server", server.url])
    assert result.exit_code == 1
    assert "403 Forbidden" in result.output
    assert "the verbs list and watch on deployments.apps" in result.output


def test_outside_a_cluster_the_server_must_be_named(monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    result = CliRunner().invoke(watch, ["kubernetes"])
    assert result.exit_code == 2
    assert "expected --server outside a cluster" in result.output
