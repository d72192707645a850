"""Objects as their metadata alone."""

from local.kube.objects import Object


def partial_metadata(found: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": found["metadata"]}


def partial_metadata_list(listed: Object) -> Object:
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": listed["metadata"],
        "items": [partial_metadata(item) for item in listed["items"]],
    }
