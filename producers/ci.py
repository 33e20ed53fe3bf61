"""What a CI system tells a step about itself through environment variables, under one set of names.

Pure; used by `adoption emit`, so that one line in a pipeline is enough. The attempt is part of a step's identity: a
retried command is the same event, a job that was run again is another one (that is how a rollback is done).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from producers.gitlog import repository_name

Environ = Mapping[str, str]


@dataclass(frozen=True)
class CiStep:
    """The running step; None where its CI system does not say.

    Attributes:
        system: github, gitlab, jenkins, azure, circleci, buildkite, bitbucket.
        run: id of the pipeline run, qualified by the system.
        step: id of this attempt of this step, qualified by the system; what a retried command keeps.
        attempt: of the run, from 1.
        pipeline: name of the workflow or pipeline.
        commit: full id of the commit that is built.
        ref: git ref as the system writes it.
        repository: host-qualified name, lower case.
        repository_id: the provider's own id, which survives a rename.
        url: page of the run.
    """

    system: str
    run: str
    step: str
    attempt: int = 1
    pipeline: str | None = None
    commit: str | None = None
    ref: str | None = None
    repository: str | None = None
    repository_id: str | None = None
    url: str | None = None


def step_of(environ: Environ) -> CiStep | None:
    """The CI step that this process runs in, or None."""
    for flag, read in _SYSTEMS:
        if environ.get(flag):
            return read(environ)
    return None


def _github(env: Environ) -> CiStep:
    server = env.get("GITHUB_SERVER_URL", "https://github.com")
    name = env.get("GITHUB_REPOSITORY", "")
    run, attempt = env.get("GITHUB_RUN_ID", ""), _number(env.get("GITHUB_RUN_ATTEMPT"))
    host = server.partition("://")[2]
    return CiStep(
        system="github",
        run=f"github:{run}",
        step=f"github:{run}.{attempt}",
        attempt=attempt,
        pipeline=env.get("GITHUB_WORKFLOW"),
        commit=env.get("GITHUB_SHA"),
        ref=env.get("GITHUB_REF"),
        repository=repository_name(f"{server}/{name}") if name else None,
        repository_id=f"{host}:{number}" if (number := env.get("GITHUB_REPOSITORY_ID")) else None,
        url=f"{server}/{name}/actions/runs/{run}" if name and run else None,
    )


def _gitlab(env: Environ) -> CiStep:
    host, project = env.get("CI_SERVER_HOST", "gitlab.com"), env.get("CI_PROJECT_PATH")
    return CiStep(
        system="gitlab",
        run=f"gitlab:{env.get('CI_PIPELINE_ID', '')}",
        step=f"gitlab:{env.get('CI_PIPELINE_ID', '')}.{env.get('CI_JOB_ID', '')}",
        pipeline=env.get("CI_PIPELINE_NAME"),
        commit=env.get("CI_COMMIT_SHA"),
        ref=env.get("CI_COMMIT_REF_NAME"),
        repository=repository_name(f"https://{host}/{project}") if project else None,
        repository_id=f"{host}:{number}" if (number := env.get("CI_PROJECT_ID")) else None,
        url=env.get("CI_PIPELINE_URL"),
    )


def _azure(env: Environ) -> CiStep:
    run, attempt = env.get("BUILD_BUILDID", ""), _number(env.get("SYSTEM_JOBATTEMPT"))
    return CiStep(
        system="azure",
        run=f"azure:{run}",
        step=f"azure:{run}.{attempt}",
        attempt=attempt,
        pipeline=env.get("BUILD_DEFINITIONNAME"),
        commit=env.get("BUILD_SOURCEVERSION"),
        ref=env.get("BUILD_SOURCEBRANCH"),
        repository=repository_name(env.get("BUILD_REPOSITORY_URI", "")),
    )


def _circleci(env: Environ) -> CiStep:
    return CiStep(
        system="circleci",
        run=f"circleci:{env.get('CIRCLE_WORKFLOW_ID', '')}",
        step=f"circleci:{env.get('CIRCLE_WORKFLOW_JOB_ID') or env.get('CIRCLE_BUILD_URL', '')}",
        pipeline=env.get("CIRCLE_JOB"),
        commit=env.get("CIRCLE_SHA1"),
        ref=env.get("CIRCLE_TAG") or env.get("CIRCLE_BRANCH"),
        repository=repository_name(env.get("CIRCLE_REPOSITORY_URL", "")),
        url=env.get("CIRCLE_BUILD_URL"),
    )


def _buildkite(env: Environ) -> CiStep:
    return CiStep(
        system="buildkite",
        run=f"buildkite:{env.get('BUILDKITE_BUILD_ID', '')}",
        step=f"buildkite:{env.get('BUILDKITE_JOB_ID', '')}",
        pipeline=env.get("BUILDKITE_PIPELINE_SLUG"),
        commit=env.get("BUILDKITE_COMMIT"),
        ref=env.get("BUILDKITE_TAG") or env.get("BUILDKITE_BRANCH"),
        repository=repository_name(env.get("BUILDKITE_REPO", "")),
        url=env.get("BUILDKITE_BUILD_URL"),
    )


def _bitbucket(env: Environ) -> CiStep:
    run, attempt = env.get("BITBUCKET_PIPELINE_UUID", ""), _number(env.get("BITBUCKET_STEP_RUN_NUMBER"))
    return CiStep(
        system="bitbucket",
        run=f"bitbucket:{run}",
        step=f"bitbucket:{run}.{env.get('BITBUCKET_STEP_UUID', '')}.{attempt}",
        attempt=attempt,
        commit=env.get("BITBUCKET_COMMIT"),
        ref=env.get("BITBUCKET_TAG") or env.get("BITBUCKET_BRANCH"),
        repository=repository_name(env.get("BITBUCKET_GIT_HTTP_ORIGIN", "")),
        url=env.get("BITBUCKET_GIT_HTTP_ORIGIN"),
    )


def _jenkins(env: Environ) -> CiStep:
    tag = env.get("BUILD_TAG", "")
    return CiStep(
        system="jenkins",
        run=f"jenkins:{tag}",
        step=f"jenkins:{tag}",
        pipeline=env.get("JOB_NAME"),
        commit=env.get("GIT_COMMIT"),
        ref=env.get("GIT_BRANCH"),
        repository=repository_name(env.get("GIT_URL", "")),
        url=env.get("BUILD_URL"),
    )


_SYSTEMS: tuple[tuple[str, Callable[[Environ], CiStep]], ...] = (
    ("GITHUB_RUN_ID", _github),
    ("CI_PIPELINE_ID", _gitlab),
    ("BUILD_BUILDID", _azure),
    ("CIRCLE_SHA1", _circleci),
    ("BUILDKITE_JOB_ID", _buildkite),
    ("BITBUCKET_PIPELINE_UUID", _bitbucket),
    ("BUILD_TAG", _jenkins),
)
"""The variable that tells a system, and its reader. Jenkins last: `BUILD_TAG` is a word others use too."""


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else 1
