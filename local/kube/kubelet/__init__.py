"""The node: what happens to a pod between its creation and its end.

``kubelet`` follows the registry and has one ``worker`` for each pod; ``pod_status`` says what the pod's status is, as a pure
function of what its containers do; ``events`` records; ``container_config`` and ``expansion`` make a container's
configuration out of its spec.
"""

from local.kube.kubelet.kubelet import Kubelet
from local.kube.runtime.container import Attachment
from local.kube.runtime.execution import Execution

__all__ = ["Attachment", "Execution", "Kubelet"]
