"""The compose file of LocalStack has what the stack is made of."""

from pathlib import Path

import yaml

from tests.aws.moto import LEFT_OUT
from tests.aws.test_stack import NOT_ASKED_FOR
from tests.infra_aws.stack import expanded

COMPOSE = yaml.safe_load(Path("infra/localstack/compose.yaml").read_text())


def test_localstack_has_every_service_of_the_stack_and_those_of_its_deployment():
    types = {one["Type"] for one in expanded("prod")["Resources"].values()} - LEFT_OUT.keys() - NOT_ASKED_FOR
    services = {kind.split("::")[1].lower() for kind in types}
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
