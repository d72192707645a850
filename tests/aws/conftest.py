"""The deployment that the tests look at: one for all of them, so they run in one process. It is theirs alone: with the last of
them the environment is again as it was.
"""

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from local import kubeconfig
from local.edition import MANIFESTS
from scripts.aws.stage import Stage
from tests.aws.control_plane import ControlPlane, at_work
from tests.aws.deployment import REGION, Deployment, deployed
from tests.package.conftest import packaged
from tests.processes import part

__all__ = ["packaged"]

EMAIL = "operators@example.com"
#: Of `make test-localstack`; without it moto is asked.
ENDPOINT = os.environ.get("LOCALSTACK_ENDPOINT")
#: Of the same: one that merely is in the environment, by the name that kubectl reads, may be anybody's production.
KUBECONFIG = os.environ.get("WEAVERS_TEST_KUBECONFIG")


@pytest.fixture(scope="package")
def aws_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every request that moto gets, a line of JSON each."""
    return tmp_path_factory.mktemp("aws") / "requests"


@pytest.fixture(scope="package")
def endpoint(aws_log: Path) -> Iterator[str]:
    """Where AWS is. moto takes templates from S3 where it is called localhost."""
    if ENDPOINT:
        yield ENDPOINT
        return
    recorded = {"MOTO_ENABLE_RECORDING": "yes", "MOTO_RECORDER_FILEPATH": str(aws_log)}
    with part("local.aws", env=recorded) as url:
        yield url.replace("127.0.0.1", "localhost")


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The control plane's kubeconfig: the one that was named, or of our own node."""
    if KUBECONFIG:
        yield Path(KUBECONFIG).expanduser()
        return
    folder = tmp_path_factory.mktemp("cluster")
    control_plane = folder / "control-plane.kubeconfig"
    node = (
        "--state", str(folder / "node"), "--kubeconfig", str(folder / "kubeconfig"), "--tls",
        "--manifests", str(MANIFESTS), f"--account-kubeconfig=loom/control-plane={control_plane}",
    )  # fmt: skip
    with part("local.kube", *node):
        yield control_plane


@pytest.fixture(scope="package")
def deployment(
    endpoint: str, cluster: Path, packaged, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        patch.delenv("AWS_PROFILE", raising=False)
        session = boto3.Session(region_name=REGION)
        stage = Stage(f"t-{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("stage"))
        secret = session.client("secretsmanager").create_secret(
            Name=f"{stage.stack}-kubeconfig", SecretString=json.dumps(kubeconfig.read(str(cluster)))
        )
        parameters = {
            "Stage": "prod",
            "RelayUrl": "wss://relay.example",
            "KubeconfigSecretArn": secret["ARN"],
            "AlarmEmail": EMAIL,
        }
        yield deployed(session, packaged, stage, parameters, on_moto=not ENDPOINT)


@pytest.fixture(scope="package")
def control_plane(
    deployment: Deployment, endpoint: str, cluster: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """In that deployment."""
    with at_work(deployment, endpoint, cluster, tmp_path_factory.mktemp("functions")) as control_plane:
        yield control_plane
