"""Sorts the query string of a request into what ClickHouse's HTTP interface makes of it.

Pure. Every name that is not the interface's own is a setting of the engine. The writer's are passed on as they are; of
the reader's only those that shape an answer are, because a setting can also name a file to write
(``output_format_schema``).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from deploy.local.engine.credentials import Role
from deploy.local.engine.errors import BadArgumentsError, ReadOnlyError

# Words of the interface, and of clients that speak to servers; none changes an answer of ours.
_TRANSPORT = frozenset(
    {
        "buffer_size",
        "cancel_http_readonly_queries_on_client_close",
        "client_protocol_version",
        "compress",
        "database",
        "decompress",
        "default_format",
        "enable_http_compression",
        "http_headers_progress_interval_ms",
        "http_response_buffer_size",
        "http_write_exception_in_output_format",
        "log_comment",
        "network_compression_method",
        "network_zstd_compression_level",
        "password",
        "query",
        "query_id",
        "quota_key",
        "role",
        "send_progress_in_http_headers",
        "session_check",
        "session_id",
        "session_timeout",
        "user",
        "wait_end_of_query",
    }
)

# What a reader may set: the shape of dates, numbers and rows, nothing that names a place or lifts a limit.
_READER = frozenset(
    {
        "aggregate_functions_null_for_empty",
        "cast_string_to_dynamic_use_inference",
        "date_time_input_format",
        "date_time_output_format",
        "extremes",
        "final",
        "join_use_nulls",
        "limit",
        "offset",
        "output_format_arrow_low_cardinality_as_dictionary",
        "output_format_arrow_string_as_string",
        "output_format_json_quote_64bit_integers",
        "output_format_json_quote_decimals",
        "output_format_json_quote_denormals",
        "output_format_native_encode_types_in_binary_format",
        "output_format_native_use_flattened_dynamic_and_json_serialization",
        "session_timezone",
        "use_client_time_zone",
    }
)
# Limits and switches that dashboards send by habit: the reader's own limits hold, so they are dropped.
_READER_DROPS = ("max_", "min_", "allow_", "enable_", "timeout_", "use_query_cache", "priority")


@dataclass
class Asked:
    """A query string, sorted.

    Attributes:
        transport: words of the interface, for example ``database``.
        params: values of ``{name:Type}`` in the statement.
        settings: settings to apply before the statement runs.
    """

    transport: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


def sort(pairs: Iterable[tuple[str, str]], role: Role) -> Asked:
    """Sorts name and value pairs for a caller of this role.

    Raises:
        BadArgumentsError: a name that cannot be a setting, or the server's own block compression (not spoken here).
        ReadOnlyError: a reader asks for a setting that is neither allowed nor harmless to drop.
    """
    asked = Asked()
    for name, value in pairs:
        if name in _TRANSPORT:
            asked.transport[name] = value
        elif name.startswith("param_"):
            asked.params[name.removeprefix("param_")] = value
        elif not name.replace("_", "").isalnum():
            raise BadArgumentsError(f"expected the name of a setting in the query string, got {name!r}")
        elif role == "writer" or name in _READER:
            asked.settings[name] = value
        elif not name.startswith(_READER_DROPS):
            raise ReadOnlyError(f"Cannot modify '{name}' setting in readonly mode: leave it out")
    for name in ("compress", "decompress"):
        if asked.transport.get(name, "0") not in {"0", ""}:
            raise BadArgumentsError(
                f"{name}={asked.transport[name]} asks for ClickHouse's own block compression: "
                "use Accept-Encoding or Content-Encoding (lz4, zstd, gzip)"
            )
    return asked
