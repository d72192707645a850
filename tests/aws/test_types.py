"""What the stack is made of is looked at, and LocalStack has the services for it."""

from pathlib import Path

import pytest
import yaml

from tests.aws.moto import LEFT_OUT
from tests.aws.test_stack import LOOKED_AT, NOT_ASKED_FOR
from tests.infra_aws.stack import expanded

pytestmark = pytest.mark.xdist_group("stack")  # merged and expanded once

COMPOSE = yaml.safe_load(Path("infra/localstack/compose.yaml").read_text())


def types() -> set[str]:
    """Of the resources of any stage."""
    return {one["Type"] for one in expanded("prod")["Resources"].values()}


def test_each_type_is_looked_at_or_it_is_said_why_not():
    assert types() - LOOKED_AT - NOT_ASKED_FOR == LEFT_OUT.keys()


def test_localstack_has_every_service_of_the_stack_and_those_of_its_deployment():
    services = {kind.split("::")[1].lower() for kind in types() - LEFT_OUT.keys() - NOT_ASKED_FOR}
    listed = COMPOSE["services"]["localstack"]["environment"]["SERVICES"].split(",")
    assert set(listed) == services | {"cloudformation", "s3", "secretsmanager", "sts"}


def test_images_are_pinned_and_nothing_listens_beyond_this_machine():
    for service in COMPOSE["services"].values():
        _, _, tag = service["image"].rpartition(":")
        assert tag[0] in "v0123456789"
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_files_that_it_mounts_are_there():
    mounted = [volume.split(":")[0] for one in COMPOSE["services"].values() for volume in one["volumes"]]
    ours = [Path("infra/localstack", path) for path in mounted if path.startswith(".")]
    assert ours
    assert all(path.is_file() for path in ours)
