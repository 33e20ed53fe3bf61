"""The Kafka broker of the embedded stack: librdkafka's mock cluster in this process, spoken to over TCP.

It stands where Apache Kafka stands in a deployment (between producers and stream processors), so that one
command runs the whole product without a server, Java or Docker. The library is the one that confluent-kafka
is linked to; its mock API is C, experimental and without Python bindings, hence ctypes. A broker for one
machine and one run.

What to know before building on it (librdkafka 2.16.0; each held by `tests/integration/test_mock_broker.py`):

- **Memory only.** A new start is an empty broker: offsets begin at 0 again, groups and committed offsets are gone.
- **A partition keeps 5 MiB** (5,242,880 bytes of record batches as sent, so compressed if the sender compresses) or
  100,000 record batches. Past that the oldest *batches* go, read or not; nobody gets an error, the low watermark
  moves up, and a consumer behind it is reset to it. Six acknowledged messages of 1,000,000 bytes leave watermarks
  (1, 6). Reading or committing frees nothing.
- **A record batch must fit beside its predecessor.** Room is made before a batch is linked in; if that drops every
  older batch, the low watermark jumps past the new one and it is lost the moment it is acknowledged, backlog or
  none: two messages of 3,000,000 bytes leave watermarks (2, 2). Two consecutive batches never exceed 5 MiB when none
  exceeds half of it: `MAX_BATCH_BYTES`. Nothing larger may be sent here.
- **A fetch that finds nothing is not woken by what arrives**: it is answered, empty, when its wait is over. Faust
  waits 1.5 s (a constant of its own; confluent-kafka: `fetch.wait.max.ms`), so a message takes 0.4 to 1.5 s to a
  Faust agent, against 0.01 to 0.06 s on Apache Kafka; with a wait of 0.1 s it takes 0.02 to 0.15 s. A fetch returns
  one record batch of each partition: 2,700 single-message batches a second.
- **A group's first member joins at once; every later change of members waits out the session time-out less 1 s**,
  leaving included, since the election waits for members that are not coming (5 s and 44 s measured for 6 s and
  45 s). With Faust at 10 s: a worker restarted in order reads again after 8 s, one that was killed after 18 s. A
  shorter `broker_session_timeout` is the remedy; this broker takes any.
- **No CreateTopics, CreatePartitions, DescribeConfigs, DescribeGroups.** Topics are made by `start`. Unknown topics
  are made on first mention, with 4 partitions, so a misspelt name does not fail. Topic settings do not exist:
  neither compaction nor retention nor a size limit.
- **No deduplication** of an idempotent producer's retries: identity has to do it, as everywhere in this product.
- **The port is the library's choice**; a fixed listen port is not supported by the API. Pass `bootstrap` on.
- It listens on 127.0.0.1 only, without authentication.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from enum import IntEnum
from types import TracebackType
from typing import Final, Self

from confluent_kafka import cimpl

PARTITION_BYTES: Final = 5 * 1024 * 1024
"""What a partition keeps before it forgets its oldest record batches."""

MAX_BATCH_BYTES: Final = PARTITION_BYTES // 2
"""The largest record batch (or single message, overhead included) that is never lost on arrival."""

# rd_kafka_type_t: a handle of either kind can carry a mock cluster, a producer costs least.
_PRODUCER: Final = 0
_ALL_BROKERS: Final = -1


class Api(IntEnum):
    """Request types of the Kafka protocol whose answers `EmbeddedBroker.fail_next` can replace."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    SYNC_GROUP = 14


class BrokerError(RuntimeError):
    """The in-process broker could not do what was asked; the message says what, with librdkafka's reason."""


class EmbeddedBroker:
    """A one-node Kafka-protocol broker in this process. Use `start`; it is a context manager as well.

    Thread-safe as far as librdkafka is: the broker runs in a thread of its own, calls here only enqueue to
    it.
    """

    def __init__(self, handle: int, cluster: int, bootstrap: str) -> None:
        self._handle = handle
        self._cluster = cluster
        self.bootstrap = bootstrap

    @classmethod
    def start(cls, topics: Iterable[tuple[str, int]] = ()) -> Self:
        """Start a broker that has `topics`, pairs of (name, number of partitions); then it accepts clients.

        Raises:
            BrokerError: librdkafka refused (its reason is in the message) or lacks the mock API.
        """
        lib = _library()
        handle = _new_handle(lib)
        cluster = lib.rd_kafka_mock_cluster_new(handle, 1)
        if not cluster:
            lib.rd_kafka_destroy(handle)
            raise BrokerError("librdkafka could not start a mock cluster: is a loopback port to be had?")
        # Without this every first join of a group waits 3 s for members that are not coming.
        lib.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
        broker = cls(handle, cluster, lib.rd_kafka_mock_cluster_bootstraps(cluster).decode())
        for name, partitions in topics:
            broker.create_topic(name, partitions)
        return broker

    def create_topic(self, name: str, partitions: int) -> None:
        """Create a topic. Raises BrokerError if it exists, also when a client's request made it."""
        code = _library().rd_kafka_mock_topic_create(self._live(), name.encode(), partitions, 1)
        _check(code, f"create topic {name!r} with {partitions} partitions")

    def fail_next(self, api: Api, errors: Sequence[int]) -> None:
        """Answer the next `len(errors)` requests of kind `api` with these error codes (KafkaError constants).

        `KafkaError._TRANSPORT` drops the connection instead of answering.
        """
        codes = (ctypes.c_int * len(errors))(*errors)
        _library().rd_kafka_mock_push_request_errors_array(self._live(), api, len(errors), codes)

    def set_down(self) -> None:
        """Close every connection and refuse new ones, like a broker that went away; nothing is forgotten."""
        _check(_library().rd_kafka_mock_broker_set_down(self._live(), _ALL_BROKERS), "take the broker down")

    def set_up(self) -> None:
        """Accept connections again after `set_down`, on the same port and with the same contents."""
        _check(_library().rd_kafka_mock_broker_set_up(self._live(), _ALL_BROKERS), "bring the broker up")

    def set_rtt(self, milliseconds: int) -> None:
        """Delay every answer by `milliseconds`; 0 ends it."""
        code = _library().rd_kafka_mock_broker_set_rtt(self._live(), _ALL_BROKERS, milliseconds)
        _check(code, f"set a round trip of {milliseconds} ms")

    def stop(self) -> None:
        """Stop and forget everything. Clients see a broker that went away. Calling it twice is harmless."""
        if not self._cluster:
            return
        lib = _library()
        lib.rd_kafka_mock_cluster_destroy(self._cluster)
        lib.rd_kafka_destroy(self._handle)
        self._cluster = self._handle = 0

    def _live(self) -> int:
        if not self._cluster:
            raise BrokerError("this broker was stopped; what it held is gone: start a new one")
        return self._cluster

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _new_handle(lib: ctypes.CDLL) -> int:
    """A client handle for the cluster's book-keeping: quiet, and never connected to anything itself."""
    reason = ctypes.create_string_buffer(512)
    conf = lib.rd_kafka_conf_new()
    # Level 3 (errors): at the default, librdkafka warns on stderr that this handle has no bootstrap.servers.
    if lib.rd_kafka_conf_set(conf, b"log_level", b"3", reason, len(reason)) != 0:
        raise BrokerError(f"librdkafka refused log_level=3: {reason.value.decode()}")
    handle: int | None = lib.rd_kafka_new(_PRODUCER, conf, reason, len(reason))
    if not handle:
        raise BrokerError(f"librdkafka could not create a client handle: {reason.value.decode()}")
    return handle


def _check(code: int, what: str) -> None:
    if code != 0:
        reason = _library().rd_kafka_err2str(code).decode()
        raise BrokerError(f"the in-process broker could not {what}: {reason}")


_POINTER = ctypes.c_void_p
_STRING = ctypes.c_char_p
_SIGNATURES: Final[dict[str, tuple[object, list[object]]]] = {
    "rd_kafka_conf_new": (_POINTER, []),
    "rd_kafka_conf_set": (ctypes.c_int, [_POINTER, _STRING, _STRING, _STRING, ctypes.c_size_t]),
    "rd_kafka_new": (_POINTER, [ctypes.c_int, _POINTER, _STRING, ctypes.c_size_t]),
    "rd_kafka_destroy": (None, [_POINTER]),
    "rd_kafka_err2str": (_STRING, [ctypes.c_int]),
    "rd_kafka_mock_cluster_new": (_POINTER, [_POINTER, ctypes.c_int]),
    "rd_kafka_mock_cluster_bootstraps": (_STRING, [_POINTER]),
    "rd_kafka_mock_cluster_destroy": (None, [_POINTER]),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [_POINTER, ctypes.c_int32]),
    "rd_kafka_mock_topic_create": (ctypes.c_int, [_POINTER, _STRING, ctypes.c_int, ctypes.c_int]),
    "rd_kafka_mock_push_request_errors_array": (
        None,
        [_POINTER, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)],
    ),
    "rd_kafka_mock_broker_set_down": (ctypes.c_int, [_POINTER, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_up": (ctypes.c_int, [_POINTER, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_rtt": (ctypes.c_int, [_POINTER, ctypes.c_int32, ctypes.c_int]),
}
_loaded: list[ctypes.CDLL] = []


def _library() -> ctypes.CDLL:
    """The librdkafka that confluent-kafka runs on, with its signatures declared.

    Opening the extension module finds it wherever the wheel or the system keeps it: a symbol is looked up in
    what the module is linked to as well, so there is one librdkafka in the process and no path to guess.
    """
    if not _loaded:
        lib = ctypes.CDLL(cimpl.__file__)
        for name, (result, arguments) in _SIGNATURES.items():
            try:
                function = getattr(lib, name)
            except AttributeError as error:
                raise BrokerError(
                    f"librdkafka of confluent-kafka has no {name}: expected a 2.x library with the mock "
                    "cluster API; install confluent-kafka from its wheel, or use Apache Kafka"
                ) from error
            function.restype, function.argtypes = result, arguments
        _loaded.append(lib)
    return _loaded[0]
