"""`adoption emit deployment --terraform-log`: given what Terraform printed, what the event says."""

import json

import pytest
from click.testing import CliRunner

from producers.emit.command import emit
from producers.emit.terraform import Applied, applied

BEGAN, ENDED = "2024-05-02T11:30:01.275359+02:00", "2024-05-02T11:31:44.000000+02:00"


def line(kind, at=ENDED, level="info", **more):
    return json.dumps(
        {"@level": level, "@message": kind, "@module": "terraform.ui", "@timestamp": at, "type": kind, **more}
    )


def summary(operation="apply", **counts):
    changes = {"add": 0, "import": 0, "change": 0, "remove": 0, "operation": operation, **counts}
    return line("change_summary", changes=changes)


VERSION = line("version", "2024-05-02T11:29:00.000000+02:00", terraform="1.8.2", ui="1.2")
START = line("apply_start", BEGAN, hook={"resource": {"addr": "module.pay.aws_db_instance.main"}, "action": "update"})
ERROR = line("diagnostic", level="error", diagnostic={"severity": "error", "summary": "no rights for ops@acme.example"})


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([VERSION, START, summary(change=1)], Applied("success", ENDED, BEGAN, None)),
        ([VERSION, summary()], Applied("skipped", ENDED, None, None)),
        ([VERSION, summary("plan", add=3)], Applied("skipped", ENDED, None, None)),
        ([VERSION, START, summary("destroy", remove=3)], Applied("skipped", ENDED, BEGAN, None)),
        ([VERSION, START, ERROR], Applied("failure", ENDED, BEGAN, "no rights for [email]")),
        (["Initializing...\n", "[1]", "", VERSION, START, summary(add=2)], Applied("success", ENDED, BEGAN, None)),
    ],
    ids=["applied", "nothing to do", "planned", "destroyed", "failed", "among other lines"],
)
def test_how_an_apply_ended(lines, expected):
    assert applied(lines) == expected


def test_a_summary_of_the_plan_is_none_of_the_apply():
    assert applied([VERSION, summary("plan", add=1), START, summary("apply", add=1)]).status == "success"


def test_lines_that_tell_no_end_are_refused():
    with pytest.raises(ValueError, match="got neither its summary nor an error"):
        applied([VERSION, START])


def test_the_command_takes_status_and_time_from_the_log(tmp_path):
    log = tmp_path / "apply.jsonl"
    log.write_text(f"{VERSION}\n{START}\n{ERROR}")
    result = CliRunner().invoke(
        emit, ["--dry-run", "deployment", "--service", "pay", "--environment", "production", "--deployment-id", "7",
               "--terraform-log", str(log)]
    )  # fmt: skip
    event = json.loads(result.stdout)
    assert (event["time"], event["data"]["status"], event["data"]["started_at"]) == (ENDED, "failure", BEGAN)
    assert event["data"]["title"] == "no rights for [email]"


def test_a_log_that_tells_no_end_does_not_fail_the_job():
    result = CliRunner().invoke(emit, ["deployment", "--deployment-id", "7", "--terraform-log", "-"], input="")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "got neither its summary nor an error" in result.stderr
