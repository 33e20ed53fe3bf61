"""What the engine is told at start, what every connection is told, and the limits around them."""

from dataclasses import dataclass
from pathlib import Path

DATABASE = "adoption"
"""The one database of the product, and the only one a reader may name."""

_CONFIG = """\
<clickhouse>
  <!-- An acknowledged insert is on the disk, not only in the page cache, unless a table says otherwise. -->
  <merge_tree>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
  </merge_tree>
  <!-- A guest on a developer's machine: the defaults take nine tenths of the memory and 5 GB of marks. -->
  <max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>
  <mark_cache_size>268435456</mark_cache_size>
</clickhouse>
"""

SESSION = {
    # FINAL is exact within a partition because the partition is a function of the key, and then reads a fourth of the
    # rows. Inside a view the setting has no effect: it must be the session's.
    "do_not_merge_across_partitions_select_final": "1",
    # The engine's default is asynchronous: an answer would come before the rows are written.
    "async_insert": "0",
    # Rows are idempotent by key; a replayed block must be written again, not swallowed.
    "deduplicate_insert": "disable",
}
"""Settings of every connection; a request can override them."""


@dataclass(frozen=True)
class Limits:
    """Bounds on what callers may ask of one machine.

    Attributes:
        body_bytes: the largest request body, as sent; a gateway batch is 2 MiB.
        decoded_bytes: the largest body after decompression.
        writers: statements of the writer that run at once.
        readers: statements of readers that run at once.
        waiting: requests per role that may send their body or wait for a slot before the next is refused.
        reader_seconds: how long one statement of a reader may run, and its answer be fetched.
        reader_memory: bytes of memory one statement of a reader may take.
        reader_result_bytes: the largest answer to a reader.
        stop_seconds: how long a stop waits for statements that run.
    """

    body_bytes: int = 64 << 20
    decoded_bytes: int = 256 << 20
    writers: int = 4
    readers: int = 4
    waiting: int = 32
    reader_seconds: int = 30
    reader_memory: int = 1 << 30
    reader_result_bytes: int = 256 << 20
    stop_seconds: int = 3

    def reader_settings(self) -> dict[str, str]:
        """The limits in the engine's own words; ``readonly`` is last because nothing can be set after it."""
        return {
            "max_execution_time": str(self.reader_seconds),
            "max_memory_usage": str(self.reader_memory),
            "max_result_bytes": str(self.reader_result_bytes),
            "result_overflow_mode": "throw",
            "readonly": "1",
        }


def write_config(folder: Path) -> Path:
    """Writes the engine's configuration into the data folder, anew at every start, and returns its path."""
    path = folder / "engine.xml"
    path.write_text(_CONFIG, encoding="utf-8")
    return path
