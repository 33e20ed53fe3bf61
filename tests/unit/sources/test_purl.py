"""Package URLs: what each says of version, commit and repository, and what it does not."""

import pytest

from producers.sources.clones import clone
from producers.sources.purl import Artifact, artifact
from schemas.delivery import Repository

C = "c3" * 20
PAY = Repository(name="git.example/acme/pay")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pkg:oci/pay@sha256%3A0b31b1?tag=1.4.0", Artifact(version="1.4.0")),
        ("pkg:oci/pay@sha256:0b31b1", Artifact(version="sha256:0b31b1")),
        ("pkg:npm/%40acme/pay@2.0.1#dist", Artifact(version="2.0.1")),
        ("pkg:npm/@acme/pay", Artifact()),
        (f"pkg:maven/acme/pay@1.0?vcs_url=git%2Bssh://git@git.example/acme/pay.git%40{C}", Artifact("1.0", C, PAY)),
        ("pkg:generic/pay@1.0?vcs_url=https://git.example/acme/pay", Artifact("1.0", None, PAY)),
        (f"pkg:github/Acme/Pay@{C}", Artifact(C, C, Repository(name="github.com/acme/pay"))),
        ("pkg:github/acme/pay@v1.4.0", Artifact("v1.4.0", None, Repository(name="github.com/acme/pay"))),
        ("pkg:golang/git.example/acme/pay@234fd47e07d1", Artifact("234fd47e07d1", "234fd47e07d1")),
        ("pkg:deb/debian/curl@234fd47e07d1", Artifact("234fd47e07d1")),
        ("pkg:oci/pay", Artifact()),
        ("0b31b1c02ff458ad", Artifact()),
        ("", Artifact()),
        (None, Artifact()),
    ],
)
def test_a_package_url_says(text, said):
    assert artifact(text) == said


@pytest.mark.parametrize(
    "address",
    [
        "https://git.example/Acme/Pay.git",
        "https://bot:s3cret@git.example/acme/pay",
        "git+https://git.example/acme/pay.git",
        "ssh://git@git.example:22/acme/pay.git",
        "git@git.example:acme/pay.git",
    ],
)
def test_the_addresses_of_a_clone_are_one_repository(address):
    assert clone(address) == PAY


@pytest.mark.parametrize(
    "address", [None, "", "pay", "/srv/git/pay.git", "file:///srv/git/pay.git", "https://git.example"]
)
def test_an_address_without_host_or_path_names_none(address):
    assert clone(address) is None
