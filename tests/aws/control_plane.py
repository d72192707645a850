"""The packaged functions at work in the deployed stack."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.cluster import Cluster, pods
from scripts.aws.token import make_token
from tests.aws.deployment import Deployment
from tests.package.events import TICK, Answer, request
from tests.package.functions import Function, running

#: In a real cluster it is pulled; our own node runs the command with the programs of this machine.
BODY: Final[Mapping[str, Any]] = {
    "image": "docker.io/library/busybox:1.37.0",
    "command": ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"],
    "resources": {"memory_limit": "64Mi"},
    "lifetime_hours": 1,
}


@dataclass(frozen=True)
class ControlPlane:
    """Both functions, each an execution environment of its own, and a user's token."""

    deployment: Deployment
    api: Function
    sweep: Function
    token: str
    settings: Mapping[str, str]
    pods: Callable[[], list[str]]

    def ask(
        self, method: str, route: str, body: object = None, *, query: Mapping[str, str] | None = None, **path: str
    ) -> Answer:
        """What API Gateway would answer."""
        event = request(method, route, body, token=self.token, **path)
        event["multiValueQueryStringParameters"] = {name: [value] for name, value in (query or {}).items()} or None
        return self.api.ask(self.deployment.package.handler("APIHandler"), event)

    def told(self, method: str, route: str, body: object = None, **more: Any) -> Any:
        """The body of the answer, which is no error."""
        answer = self.ask(method, route, body, **more)
        assert answer.status < 300, (answer, self.api.log.read_text())
        return answer.body

    def tick(self) -> dict[str, Any]:
        """What the sweep of a minute did."""
        done: dict[str, Any] = self.sweep.invoke(self.deployment.package.handler("Sweep"), TICK)
        return done

    def listed(self, **query: str) -> list[str]:
        return [one["id"] for one in self.told("GET", "/api/weavers", query=query)["weavers"]]


@contextmanager
def at_work(deployment: Deployment, endpoint: str, cluster: Path, folder: Path) -> Iterator[ControlPlane]:
    """Both functions in processes of their own, which log into ``folder``, until the block ends."""
    mark = deployment.stage.name
    token = make_token(deployment.account, deployment.stack, f"developer-{mark}", None)

    def function(logical_id: str) -> AbstractContextManager[Function]:
        # By its credentials the log of requests tells whose they are.
        own = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": logical_id}
        return running(deployment.package, {**_settings(deployment, logical_id), **own}, folder / logical_id)

    settings = _settings(deployment, "APIHandler")
    weavers = Cluster(cluster, settings["LOOM_NAMESPACE"], "", mark)
    with function("APIHandler") as api, function("Sweep") as sweep:
        yield ControlPlane(deployment, api, sweep, token, settings, lambda: pods(weavers))


def _settings(deployment: Deployment, logical_id: str) -> dict[str, str]:
    """Those that the stack gave a function; moto has them as the template's numbers."""
    variables = deployment.function(logical_id)["Environment"]["Variables"]
    return {name: str(value) for name, value in variables.items()}
