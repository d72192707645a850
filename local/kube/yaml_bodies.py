"""YAML as Kubernetes reads it: the JSON that it spells, no more."""

import json
from collections.abc import Iterator
from typing import Any

import yaml


class _JsonLoader(yaml.SafeLoader):
    """Without YAML's own idea of times, which JSON does not have."""


_JsonLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str | bytes) -> Any:
    """The JSON value of one document. Raises ValueError."""
    documents = list(load_all(text))
    if len(documents) != 1:
        raise ValueError(f"{len(documents)} documents instead of one")
    return documents[0]


def load_all(text: str | bytes) -> Iterator[Any]:
    """The documents that are not empty. Raises ValueError."""
    try:
        for document in yaml.load_all(text, Loader=_JsonLoader):
            if document is not None:
                yield json.loads(json.dumps(document))
    except (yaml.YAMLError, TypeError, RecursionError) as error:
        raise ValueError(f"yaml: {error}") from error
