"""The node: what happens to a pod between its creation and its end.

``kubelet`` follows the registry and has one ``worker`` for each pod, which ``scheduling`` may leave without a node. The worker gets
``volumes`` and images (``image_pull``) ready, makes a container's configuration out of its spec (``container_config``, ``expansion``, and
``references`` to what is elsewhere), and runs it, with ``probes`` and ``eviction`` beside it, until everything ended or the pod is
``stopping``. ``pod_status`` says what the pod's status is, as a pure function of what its containers do; ``events`` records;
``pod_report`` writes both.
"""

from local.kube.kubelet.kubelet import Kubelet
from local.kube.runtime.container import Attachment
from local.kube.runtime.execution import Execution

__all__ = ["Attachment", "Execution", "Kubelet"]
