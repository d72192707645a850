"""The one node as an object: what it is and what it can hold."""

import os
import platform
from typing import Final

from local.kube.discovery import VERSION
from local.kube.objects import Object, seconds, utc_now

NODE_NAME: Final = "node1"


def new_node(name: str) -> Object:
    """A node that is ready; its kubelet keeps the conditions up to date."""
    now = seconds(utc_now())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    holds = {"cpu": str(os.cpu_count() or 1), "memory": f"{memory // 1024}Ki", "pods": "110"}
    operating_system, _, architecture = str(VERSION["platform"]).partition("/")
    ready = {
        "type": "Ready",
        "status": "True",
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
    }
    labels = {
        "kubernetes.io/arch": architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": operating_system,
    }
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {
            "capacity": holds,
            "allocatable": holds,
            "conditions": [ready],
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": name}],
            "nodeInfo": {
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
                "kernelVersion": platform.release(),
                "osImage": "the machine itself",
                "containerRuntimeVersion": "loom://0",
                "kubeletVersion": VERSION["gitVersion"],
                "kubeProxyVersion": "",
                "operatingSystem": operating_system,
                "architecture": architecture,
            },
        },
    }
