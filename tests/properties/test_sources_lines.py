"""Log mappers under any lines: each is a row or is rejected at its place, and the fast way equals the slow one."""

import json
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.sources.columns import _without_ids
from producers.sources.common import Context
from producers.sources.line_mapper import map_lines
from producers.sources.lines import FORMATS
from producers.sources.nginx.text_lines import _LINE, _split
from producers.sources.redact import dimension, title
from producers.sources.routes import route_template

EXAMPLES = Path(__file__).parents[1] / "examples"
UNTIMED = settings(deadline=None)
UNIT = "0" * 32
LOGS = {"nginx-json": "nginx/json", "combined": "nginx/combined", "ingress": "nginx/ingress"}


def lines_of(format_):
    """A format's example; of a gateway's records each on a line."""
    if not FORMATS[format_].is_records:
        return (EXAMPLES / f"{LOGS.get(format_, f'{format_}/{format_}')}.log").read_bytes().splitlines()
    payloads = [json.loads(path.read_bytes()) for path in sorted((EXAMPLES / format_).glob("*.json"))]
    records = [one for payload in payloads for one in (payload if isinstance(payload, list) else [payload])]
    return [json.dumps(record).encode() for record in records]


LINES = {format_: lines_of(format_) for format_ in FORMATS}
JSON = ["nginx-json", *(name for name, known in FORMATS.items() if known.is_json or known.is_records)]
FIELDS = sorted({name for format_ in JSON for line in LINES[format_] for name in json.loads(line)})
SEGMENT = st.one_of(
    st.sampled_from(["users", "v1", "oauth2", "42", "7", "deadbeefdeadbeefdeadbeef", "a1b2c3d4", "ada@example.com"]),
    st.uuids().map(str),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="/?\n\r\x00"), max_size=12),
)
PATH = st.lists(SEGMENT, max_size=6).map(lambda segments: "/" + "/".join(segments))


def mapped(chunk, format_):
    return map_lines(
        chunk, unit=UNIT, format=format_, context=Context(salt=b"salt"), service="pay", zone="Europe/Berlin"
    )


@st.composite
def chunks(draw):
    """A chunk of examples' lines, some of them with a piece replaced by anything."""
    format_ = draw(st.sampled_from(list(FORMATS)))
    lines = []
    for line in draw(st.lists(st.sampled_from(LINES[format_]), max_size=5)):
        start, end = sorted((draw(st.integers(0, len(line))), draw(st.integers(0, len(line)))))
        piece = draw(st.one_of(st.just(line[start:end]), st.binary(max_size=8), st.just(b'"'), st.just(b"\\")))
        lines.append((line[:start] + piece + line[end:]).replace(b"\n", b""))
    return format_, lines


@UNTIMED
@given(chunks())
def test_every_line_is_a_row_or_is_rejected_at_its_place(given_chunk):
    format_, lines = given_chunk
    chunk = b"\n".join(lines)
    made = mapped(chunk, format_)
    written = [line for line in lines if line.strip()]
    assert made.rows.num_rows + len(made.rejected) + len(made.ignored) == len(written)
    made.rows.validate(full=True)
    for bad in made.rejected:
        line = chunk[bad.position :].partition(b"\n")[0]
        assert bad.position == 0 or chunk[bad.position - 1 : bad.position] == b"\n"
        assert mapped(line, format_).rejected[0].reason == bad.reason


@settings(UNTIMED, max_examples=40)
@given(chunks())
def test_a_line_is_the_same_row_whatever_its_neighbours(given_chunk):
    format_, lines = given_chunk
    together = mapped(b"\n".join(lines), format_).rows.to_pylist()
    alone = [row for line in lines for row in mapped(line, format_).rows.to_pylist()]
    beside_bad = mapped(b"\n".join([b"{no line}", *lines]), format_).rows.to_pylist()
    assert together == alone == beside_bad


@UNTIMED
@given(
    user=st.from_regex(r"[!#-Z^-~]{1,12}", fullmatch=True),
    request=st.text(
        alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters='"\\'), max_size=30
    ),
    agent=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters='"\\'), max_size=30),
    size=st.one_of(st.just("-"), st.integers(0, 10**12).map(str)),
)
def test_the_columns_way_reads_what_the_expression_reads(user, request, agent, size):
    line = f'203.0.113.9 - {user} [02/May/2024:09:50:00 +0000] "{request}" 200 {size} "-" "{agent}" x'
    (row,) = _split([line]).to_dicts()
    match = _LINE.fullmatch(line)
    assert match is not None
    assert row.pop("fits")
    assert {name: row[name] for name in match.groupdict()} == match.groupdict()


@UNTIMED
@given(PATH)
def test_a_route_is_the_same_by_columns_and_alone(path):
    frame = pl.DataFrame({"path": [path]}, schema={"path": pl.String})
    assert route_template(frame.select(_without_ids(pl.col("path"))).item()) == route_template(path)


@UNTIMED
@given(PATH, st.text(max_size=20))
def test_a_template_is_its_own_template_and_has_no_query(path, query):
    template = route_template(path)
    assert route_template(f"{path}?{query}") == template
    if "{id}" not in template and "..." not in template and len(template) < 200:
        assert route_template(template) == template


@UNTIMED
@given(st.text(), st.text())
def test_words_are_plain_and_bounded(text, more):
    word = dimension(text)
    assert dimension(word) == word
    assert len(word) <= 200
    assert word.isprintable()
    first = title(f"{text}\n{more}")
    assert first is None or (first and len(first) <= 1000 and "\n" not in first)


@UNTIMED
@given(
    st.sampled_from(JSON),
    st.dictionaries(
        st.sampled_from(FIELDS),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(max_size=8),
            st.lists(st.integers(), max_size=2),
        ),
    ),
)
def test_json_of_any_types_is_a_row_or_is_rejected(format_, fields):
    line = json.dumps(fields).encode()
    made = mapped(line, format_)
    assert made.rows.num_rows + len(made.rejected) + len(made.ignored) == 1
