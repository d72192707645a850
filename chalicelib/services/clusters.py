"""The clusters of a deployment, by the names that weavers carry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.cluster_settings import DEFAULT
from chalicelib.domain.errors import ClusterError, InvalidRequest
from chalicelib.domain.weaver import Weaver
from chalicelib.services.ports import Cluster


@dataclass(frozen=True, slots=True)
class Clusters:
    """One of them is the default."""

    by_name: Mapping[str, Cluster]

    @property
    def names(self) -> Sequence[str]:
        """In order."""
        return sorted(self.by_name)

    def chosen(self, wanted: str | None) -> str:
        """The name for a new weaver. Raises InvalidRequest for one that is none."""
        name = wanted or DEFAULT
        if name not in self.by_name:
            raise InvalidRequest(f"cluster: there is no {name!r}; there are {', '.join(self.names)}", field="cluster")
        return name

    def of(self, weaver: Weaver) -> Cluster:
        """Where its pod is. Raises ClusterError when this deployment does not know that cluster any more.

        It is not for us to say that such a pod is gone: the weaver keeps its place until its cluster is told again.
        """
        if cluster := self.by_name.get(weaver.cluster):
            return cluster
        raise ClusterError(f"the weaver is in the cluster {weaver.cluster!r}, which this deployment does not have")
