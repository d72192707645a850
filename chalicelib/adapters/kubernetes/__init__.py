"""The weavers' cluster over Kubernetes' REST API, on urllib3: see docs/adr/0003-kubernetes-client.md for why."""
