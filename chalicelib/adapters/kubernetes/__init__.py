"""The weavers' cluster over Kubernetes' REST API, on urllib3: see docs/adr/0002-kubernetes-over-plain-rest.md for why."""
