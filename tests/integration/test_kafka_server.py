"""Apache Kafka from its jars: it starts, comes back on its port with its data, and has the topics asked for."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from deploy.kafka.errors import KafkaJarsError, KafkaServerError, TopicMismatchError
from deploy.kafka.jars import jars, java, kafka_version
from deploy.kafka.network import PORTS, free_ports, wait_until_ready
from deploy.kafka.running import running_pid, stop_server
from deploy.kafka.server import KafkaServer
from deploy.kafka.topics import TopicChange, TopicSpec, ensure_topics
from tests.faust_probe import faust_probe
from tests.kafka_fixture import Kafka, start_kafka

QUIET = {"log_level": 0}


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A Kafka of whichever kind is chosen, for tests that leave it running."""
    running = start_kafka(tmp_path_factory.mktemp("shared"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A server from its jars, for tests that stop, kill and freeze it; each leaves it running."""
    with KafkaServer.start(tmp_path_factory.mktemp("own"), topics=[TopicSpec("events", 1)]) as running:
        yield running


def client(to: Kafka) -> dict[str, object]:
    return {"bootstrap.servers": to.bootstrap, **QUIET}


def send(to: Kafka, topic: str, value: bytes, **settings: object) -> KafkaError | None:
    """Send one message; the error it ended with, if any."""
    sender = Producer({**client(to), "linger.ms": 0, "message.max.bytes": 16 * 1024 * 1024, **settings})
    ends: list[KafkaError | None] = []
    sender.produce(topic, value, on_delivery=lambda error, _message: ends.append(error))
    assert sender.flush(60) == 0
    return ends[0]


def end_offset(of: Kafka, topic: str, partition: int = 0) -> int:
    reader = Consumer({**client(of), "group.id": "onlooker"})
    try:
        return reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)[1]
    finally:
        reader.close()


# --- topics ---------------------------------------------------------------------------------------------------------


@pytest.mark.kafka
def test_topics_are_made_once_with_their_settings(kafka: Kafka) -> None:
    specs = [
        TopicSpec("made.events", 4, {"max.message.bytes": "4194304", "retention.ms": "1209600000"}),
        TopicSpec("made.dirty", 6, {"cleanup.policy": "compact"}, fixed=True),
    ]
    assert ensure_topics(client(kafka), specs) == [
        TopicChange("made.events", "created with 4 partitions"),
        TopicChange("made.dirty", "created with 6 partitions"),
    ]
    assert ensure_topics(client(kafka), specs) == []

    topics = AdminClient(client(kafka)).list_topics(timeout=30).topics
    assert {spec.name: len(topics[spec.name].partitions) for spec in specs} == {"made.events": 4, "made.dirty": 6}


@pytest.mark.kafka
def test_partitions_are_added_only_when_asked_for(kafka: Kafka) -> None:
    ensure_topics(client(kafka), [TopicSpec("grow", 2)])
    with pytest.raises(
        TopicMismatchError, match="'grow': expected 4 partitions, found 2; adding partitions moves keys"
    ):
        ensure_topics(client(kafka), [TopicSpec("grow", 4)])
    assert ensure_topics(client(kafka), [TopicSpec("grow", 4)], change=True) == [
        TopicChange("grow", "grown from 2 to 4 partitions")
    ]
    with pytest.raises(TopicMismatchError, match="Kafka cannot remove partitions"):
        ensure_topics(client(kafka), [TopicSpec("grow", 2)], change=True)


@pytest.mark.kafka
@pytest.mark.parametrize("change", [False, True])
def test_a_fixed_partition_count_is_never_changed(kafka: Kafka, change: bool) -> None:
    ensure_topics(client(kafka), [TopicSpec("fixed", 2, fixed=True)])
    with pytest.raises(
        TopicMismatchError, match="'fixed': expected 4 partitions, found 2; its partition count is fixed"
    ):
        ensure_topics(client(kafka), [TopicSpec("fixed", 4, fixed=True)], change=change)


@pytest.mark.kafka
def test_a_setting_is_changed_only_when_asked_for(kafka: Kafka) -> None:
    ensure_topics(client(kafka), [TopicSpec("sized", 1, {"max.message.bytes": "1048576"})])
    larger = TopicSpec("sized", 1, {"max.message.bytes": "2097152"})
    with pytest.raises(TopicMismatchError, match=r"'sized': expected max\.message\.bytes=2097152, found 1048576"):
        ensure_topics(client(kafka), [larger])
    assert ensure_topics(client(kafka), [larger], change=True) == [
        TopicChange("sized", "set max.message.bytes=2097152")
    ]
    assert ensure_topics(client(kafka), [larger]) == []


@pytest.mark.kafka
def test_one_refusal_leaves_every_topic_alone(kafka: Kafka) -> None:
    ensure_topics(client(kafka), [TopicSpec("settled", 1)])
    with pytest.raises(TopicMismatchError):
        ensure_topics(client(kafka), [TopicSpec("unborn", 1), TopicSpec("settled", 2)])
    assert "unborn" not in AdminClient(client(kafka)).list_topics(timeout=30).topics


@pytest.mark.kafka
def test_the_topics_own_limit_decides_what_is_too_large(kafka: Kafka) -> None:
    limit = 4 * 1024 * 1024 + 64 * 1024
    ensure_topics(client(kafka), [TopicSpec("large", 1, {"max.message.bytes": str(limit)})])
    assert send(kafka, "large", b"x" * (limit - 1024)) is None
    refused = send(kafka, "large", b"x" * limit)
    assert refused is not None
    assert refused.code() == KafkaError.MSG_SIZE_TOO_LARGE


@pytest.mark.kafka
def test_a_misspelt_topic_is_an_error(kafka: Kafka) -> None:
    refused = send(kafka, "misspelt", b"?", **{"topic.metadata.propagation.max.ms": 500})
    assert refused is not None
    assert refused.code() == KafkaError.UNKNOWN_TOPIC_OR_PART
    assert "misspelt" not in AdminClient(client(kafka)).list_topics(timeout=30).topics


# --- a consumer group, seen from outside ----------------------------------------------------------------------------


@pytest.mark.kafka
def test_committed_offsets_of_a_faust_worker_are_seen_without_joining_its_group(kafka: Kafka, tmp_path: Path) -> None:
    ensure_topics(client(kafka), [TopicSpec("work", 1)])
    for number in range(5):
        assert send(kafka, "work", b"%d" % number) is None
    with faust_probe(tmp_path, kafka.bootstrap, "work", "workers", commit_interval=0.2) as worker:
        assert [one.value for one in worker.acked(5, seconds=60)] == ["0", "1", "2", "3", "4"]
        onlooker = Consumer({**client(kafka), "group.id": "workers", "enable.auto.commit": False})
        deadline = time.monotonic() + 30
        while (committed := onlooker.committed([TopicPartition("work", 0)], timeout=30)[0].offset) != 5:
            assert time.monotonic() < deadline, f"expected 5, committed {committed}"
            time.sleep(0.05)
        # It took nothing from the worker: the next message arrives there.
        assert send(kafka, "work", b"5") is None
        assert worker.acked(6)[5].value == "5"
        onlooker.close()


# --- the server's life ----------------------------------------------------------------------------------------------


@pytest.mark.kafka
def test_a_restart_keeps_port_and_messages(server: KafkaServer) -> None:
    before = end_offset(server, "events")
    assert send(server, "events", b"kept over a restart") is None
    address = server.bootstrap
    server.restart()
    assert server.bootstrap == address
    assert send(server, "events", b"after it") is None
    assert end_offset(server, "events") == before + 2


@pytest.mark.kafka
def test_what_was_acknowledged_survives_a_kill(server: KafkaServer) -> None:
    before = end_offset(server, "events")
    assert send(server, "events", b"acknowledged", acks="all") is None
    server.kill()
    with pytest.raises(KafkaServerError, match="nothing accepted connections"):
        wait_until_ready(server.bootstrap, 0.2)
    with pytest.raises(KafkaServerError, match="not running"):
        server.pause()
    server.restart()
    assert end_offset(server, "events") == before + 1


@pytest.mark.kafka
def test_a_frozen_server_answers_nothing_until_it_goes_on(server: KafkaServer) -> None:
    server.pause()
    try:
        unsent = send(server, "events", b"meanwhile", **{"message.timeout.ms": 1000})
        assert unsent is not None
        assert unsent.code() == KafkaError._MSG_TIMED_OUT
    finally:
        server.resume()
    assert send(server, "events", b"afterwards") is None


@pytest.mark.kafka
def test_one_folder_has_one_server(server: KafkaServer) -> None:
    with pytest.raises(KafkaServerError, match=rf"already runs on .* \(process {running_pid(server.data_dir)}\)"):
        KafkaServer.start(server.data_dir)
    assert send(server, "events", b"the first one is unharmed") is None


@pytest.mark.kafka
def test_another_process_can_stop_it_by_its_folder(server: KafkaServer) -> None:
    server.pause()  # even a frozen one ends in order
    assert stop_server(server.data_dir) is True
    assert running_pid(server.data_dir) is None
    assert stop_server(server.data_dir) is False
    server.restart()
    assert send(server, "events", b"and it comes back") is None


@pytest.mark.kafka
def test_a_server_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    with pytest.raises(KafkaServerError, match=r"(?s)cannot format .*Invalid value 0 for .* num\.network\.threads"):
        KafkaServer.start(tmp_path, settings={"num.network.threads": "0"})

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(KafkaServerError, match=rf"(?s)127.0.0.1:{port} ended before it answered.*already in use"):
            KafkaServer.start(tmp_path, port=port)
    assert running_pid(tmp_path) is None


# --- without a server -----------------------------------------------------------------------------------------------


def test_free_ports_are_below_those_of_outgoing_connections() -> None:
    ports = free_ports(20)
    assert len(set(ports) & set(PORTS)) == 20
    assert PORTS.stop <= 32768


def test_no_java_is_said_plainly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(
        KafkaJarsError, match=rf"no java in JAVA_HOME={tmp_path}/bin: Kafka 4.* needs a Java runtime, 17"
    ):
        java()


def test_no_maven_is_said_plainly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ADOPTION_KAFKA_JARS", str(tmp_path / "jars"))
    with pytest.raises(KafkaJarsError, match="no mvn on the path to fetch them: install Maven"):
        jars()


def test_a_folder_with_kafka_in_it_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("ADOPTION_KAFKA_JARS", str(tmp_path))
    (tmp_path / f"kafka_2.13-{kafka_version()}.jar").touch()
    assert jars() == tmp_path


@pytest.mark.kafka
def test_the_jars_are_fetched_into_an_empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ADOPTION_KAFKA_JARS", str(tmp_path / "jars"))
    names = {jar.name for jar in jars().iterdir()}
    assert f"kafka_2.13-{kafka_version()}.jar" in names
    assert any(name.startswith("log4j-slf4j-impl-") for name in names)
    assert [entry.name for entry in tmp_path.iterdir()] == ["jars"]
