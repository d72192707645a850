"""Wires the control plane together from the environment: the only place that reads it. Everything is built on first use."""

import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chalicelib.adapters.deadline import carried
from chalicelib.adapters.dynamodb.reconciliation_store import DynamoReconciliationStore
from chalicelib.adapters.dynamodb.table import Table, table
from chalicelib.adapters.dynamodb.token_store import DynamoTokenStore
from chalicelib.adapters.dynamodb.weaver_store import DynamoWeaverStore
from chalicelib.domain.cluster_settings import ClusterSettings, cluster_settings
from chalicelib.domain.errors import Misconfigured
from chalicelib.domain.pod_spec import LABEL_VALUE
from chalicelib.domain.setting import Setting, defaults
from chalicelib.services.authenticate import Authenticate
from chalicelib.services.clusters import Clusters
from chalicelib.services.describe import Describe
from chalicelib.services.extend import Extend
from chalicelib.services.launch import Launch, LaunchSettings
from chalicelib.services.ports import TicketSigner
from chalicelib.services.reconcile import Reconcile
from chalicelib.services.retention import Retention
from chalicelib.services.stop import Stop
from chalicelib.services.sweep import Sweep

if TYPE_CHECKING:
    from chalicelib.services.tickets import Tickets

SETTINGS: Final = (
    Setting("LOOM_SERVER_URL", "this API's public URL"),
    Setting("LOOM_RELAY_URL", "the relay's public URL, `ws://` or `wss://`"),
    Setting(
        "LOOM_TICKET_KEY_FILE",
        "PEM file with the Ed25519 key that signs tickets",
        otherwise="required, or `LOOM_TICKET_KMS_KEY`",
    ),
    Setting(
        "LOOM_TICKET_KMS_KEY",
        "in place of the file: the key in AWS KMS that signs tickets, by id, ARN or alias; of the kind `ECC_NIST_P256`, "
        "made for `SIGN_VERIFY`",
        otherwise="the file's",
    ),
    Setting("LOOM_TABLE", "the DynamoDB table; region and endpoint come from AWS' own variables", "weavers"),
    Setting("LOOM_KUBECONFIG", "kubeconfig of the cluster named `default`", otherwise="the pod's own service account"),
    Setting(
        "LOOM_KUBECONFIG_SECRET",
        "in place of the file: the ARN or name of a secret in AWS Secrets Manager that holds it",
        otherwise="the file",
    ),
    Setting("LOOM_EKS_CLUSTER", "in place of a kubeconfig: the cluster's name in EKS", otherwise="the kubeconfig"),
    Setting("LOOM_CLUSTERS", "[more clusters](#several-clusters), as JSON", otherwise="only `default`"),
    Setting("LOOM_NAMESPACE", "the weavers' namespace", "loom-weavers"),
    Setting(
        "LOOM_DEPLOYMENT",
        "the name of this control plane among those that share the namespace: each cleans up its own pods only",
        otherwise="the table's name",
    ),
    Setting("LOOM_WEAVER_IMAGE", "the default image, which runs `loom session`", "ghcr.io/ghuntley/loom/weaver:latest"),
    Setting("LOOM_CLONE_IMAGE", "an image with sh and git for the clone", otherwise="the default image"),
    Setting("LOOM_USER_LIMIT", "living weavers a user may have", "16"),
    Setting("LOOM_ORG_LIMIT", "living weavers an org may have", "64"),
    Setting("LOOM_HISTORY_DAYS", "how long ended weavers are remembered", "7"),
    Setting("LOOM_ALLOW_HTTP_REPOS", "`true` lets repositories be cloned without TLS: for the laptop edition", "false"),
    Setting("LOOM_LOG_LEVEL", "`DEBUG`, `INFO`, `WARNING` or `ERROR`", "INFO"),
)
_DEFAULTS: Final = defaults(SETTINGS)
#: Steps of a sweep that are under way at once: most of the time they wait for the table or the cluster.
_SWEEP_PARALLELISM: Final = 32


def utc_now() -> datetime:
    """The control plane's clock."""
    return datetime.now(UTC)


class ControlPlane:
    """The use cases, ready to call. A missing or impossible setting raises Misconfigured where it is first needed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    @cached_property
    def table(self) -> Table:
        endpoint = self._environment.get("AWS_ENDPOINT_URL_DYNAMODB") or self._environment.get("AWS_ENDPOINT_URL")
        return table(self._value("LOOM_TABLE"), region=self._region, endpoint=endpoint)

    @cached_property
    def store(self) -> DynamoWeaverStore:
        return DynamoWeaverStore(self.table)

    @cached_property
    def tokens(self) -> DynamoTokenStore:
        return DynamoTokenStore(self.table)

    @cached_property
    def clusters(self) -> Clusters:
        from chalicelib.adapters.clusters import reached  # brings ssl

        namespace = self._value("LOOM_NAMESPACE")
        return Clusters({name: reached(one, namespace, self._region) for name, one in self._cluster_settings.items()})

    @cached_property
    def signer(self) -> TicketSigner:
        key, path = (self._environment.get(name) for name in ("LOOM_TICKET_KMS_KEY", "LOOM_TICKET_KEY_FILE"))
        if bool(key) == bool(path):
            raise Misconfigured("this deployment must set LOOM_TICKET_KEY_FILE or LOOM_TICKET_KMS_KEY, and not both")
        if key:
            from chalicelib.adapters.aws.clients import Aws
            from chalicelib.adapters.aws.kms import KmsSigner  # brings pydantic

            return KmsSigner(Aws(self._region), key)
        from chalicelib.adapters.tickets import KeyFileSigner  # brings a cryptography library

        return KeyFileSigner(Path(path or ""))

    @cached_property
    def authenticate(self) -> Authenticate:
        return Authenticate(self.tokens)

    @cached_property
    def describe(self) -> Describe:
        return Describe(self.store, self.clusters, utc_now, self._retention)

    @cached_property
    def launch(self) -> Launch:
        return Launch(self.store, self.clusters, utc_now, self._retention, self._launch_settings)

    @cached_property
    def extend(self) -> Extend:
        return Extend(self.store, utc_now, self.describe)

    @cached_property
    def stop(self) -> Stop:
        return Stop(self.store, self.clusters, utc_now, self._retention, self.describe)

    @cached_property
    def sweep(self) -> Sweep:
        reconcile = Reconcile(DynamoReconciliationStore(self.table), self.clusters, self._deployment)
        pool = ThreadPoolExecutor(_SWEEP_PARALLELISM, "sweep")
        return Sweep(
            self.store, self.clusters, utc_now, self.describe, self.stop, reconcile,
            spread=lambda work, steps: pool.map(carried(work), steps),
        )  # fmt: skip

    @cached_property
    def tickets(self) -> "Tickets":
        from chalicelib.services.tickets import Tickets  # brings pydantic

        own = {name: one.relay_url.rstrip("/") for name, one in self._cluster_settings.items() if one.relay_url}
        issuer = self._required("LOOM_SERVER_URL")
        return Tickets(self.signer, utc_now, issuer=issuer, relay_url=self.relay_url, relay_urls=own)

    @property
    def server_url(self) -> str:
        """This API's own base URL."""
        return self._required("LOOM_SERVER_URL").rstrip("/")

    @property
    def relay_url(self) -> str:
        """The relay's WebSocket base URL."""
        return self._required("LOOM_RELAY_URL").rstrip("/")

    @property
    def name(self) -> str:
        """What this control plane is called among those that share a namespace, or an account's metrics."""
        return self._environment.get("LOOM_DEPLOYMENT") or self._value("LOOM_TABLE")

    @property
    def log_level(self) -> str:
        """A level that is none means the default: to refuse it would take every request down."""
        level = self._value("LOOM_LOG_LEVEL").upper()
        return level if level in ("DEBUG", "INFO", "WARNING", "ERROR") else _DEFAULTS["LOOM_LOG_LEVEL"]

    @property
    def allow_http_repos(self) -> bool:
        return self._value("LOOM_ALLOW_HTTP_REPOS") == "true"

    @cached_property
    def _cluster_settings(self) -> Mapping[str, ClusterSettings]:
        return cluster_settings(self._environment)

    @property
    def _region(self) -> str:
        return self._environment.get("AWS_REGION") or self._environment.get("AWS_DEFAULT_REGION") or "us-east-1"

    @cached_property
    def _retention(self) -> Retention:
        return Retention(days=self._number("LOOM_HISTORY_DAYS"))

    @cached_property
    def _launch_settings(self) -> LaunchSettings:
        image = self._value("LOOM_WEAVER_IMAGE")
        return LaunchSettings(
            default_image=image,
            clone_image=self._environment.get("LOOM_CLONE_IMAGE") or image,
            server_url=self._required("LOOM_SERVER_URL"),
            deployment=self._deployment,
            user_limit=int(self._number("LOOM_USER_LIMIT")),
            org_limit=int(self._number("LOOM_ORG_LIMIT")),
        )

    @property
    def _deployment(self) -> str:
        """Goes into a label of each pod. Raises Misconfigured."""
        if not LABEL_VALUE.fullmatch(self.name):
            raise Misconfigured("LOOM_DEPLOYMENT must be at most 63 letters, digits and -_., as a label's value")
        return self.name

    def _value(self, name: str) -> str:
        return self._environment.get(name) or _DEFAULTS[name]

    def _required(self, name: str) -> str:
        if value := self._environment.get(name):
            return value
        raise Misconfigured(f"this deployment does not set {name}")

    def _number(self, name: str) -> float:
        """A number from 0 on. Raises Misconfigured."""
        try:
            number = float(self._value(name))
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf:
            raise Misconfigured(f"{name} must be a number, 0 or more")
        return number


@cache
def control_plane() -> ControlPlane:
    """The one of this process."""
    return ControlPlane(os.environ)
