"""One deployment of the stack, made by the code of `make deploy`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Final

import boto3

from scripts.aws.account import Account, Bucket
from scripts.aws.deploy import Consent, carried_out
from scripts.aws.releases import Release, local_template, template_url, uploaded
from scripts.aws.stack import Stack
from scripts.aws.stage import Stage
from tests.aws import moto
from tests.infra_aws.stack import translated
from tests.package.functions import Package

REGION: Final = "us-east-1"


@dataclass(frozen=True)
class Deployment:
    """``template`` is the expanded one, as AWS would have it."""

    account: Account
    bucket: Bucket
    stage: Stage
    stack: Stack
    package: Package
    template: Mapping[str, Any]

    def client(self, service: str) -> Any:
        return self.account.client(service)

    @cached_property
    def physical(self) -> Mapping[str, str]:
        """Logical id -> physical id."""
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in self.stack.resources()}

    @cached_property
    def types(self) -> Mapping[str, str]:
        """Logical id -> type, of what the stack has."""
        return {one["LogicalResourceId"]: one["ResourceType"] for one in self.stack.resources()}

    def of_type(self, kind: str) -> Mapping[str, Mapping[str, Any]]:
        """Logical id -> properties, as the template has them."""
        return {name: one["Properties"] for name, one in self.template["Resources"].items() if one["Type"] == kind}

    def function(self, logical_id: str) -> Mapping[str, Any]:
        """Its configuration, as Lambda tells it."""
        name = self.physical[logical_id]
        configuration: Mapping[str, Any] = self.client("lambda").get_function_configuration(FunctionName=name)
        return configuration


def deployed(
    session: boto3.Session, package: Package, stage: Stage, parameters: Mapping[str, str], *, on_moto: bool
) -> Deployment:
    """A stack of its own for ``package``. moto knows no transforms: what it gets is expanded by AWS's own."""
    if on_moto:  # before there is a client: those there are keep what they knew
        session.events.register("before-call.cloudformation.UpdateTerminationProtection", _unprotected)
    account = Account(session)
    bucket = Bucket(account.client("s3"), f"artifacts-of-{stage.stack}", account.id)
    bucket.s3.create_bucket(Bucket=bucket.name)
    stack = Stack(account.client("cloudformation"), stage.stack, lambda: None)
    template = uploaded(bucket, package.folder, local_template(package.folder))
    expanded = translated(template)
    given = moto.adapted(account, expanded) if on_moto else template
    release = Release(given, parameters, {})
    carried_out(stack, template_url(bucket, release), release, Consent(ask=lambda _question: True), print)
    deployment = Deployment(account, bucket, stage, stack, package, expanded)
    if on_moto:
        moto.by_hand(deployment, given, parameters)
    return deployment


def _unprotected(**_: Any) -> tuple[Any, dict[str, Any]]:
    """moto has no termination protection: it is answered for it, so that the code of `make deploy` comes to its end."""
    return SimpleNamespace(status_code=200), {}
