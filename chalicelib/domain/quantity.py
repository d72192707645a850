"""Kubernetes quantities: amounts of memory and cpu as people write them."""

import re


def quantity(text: str) -> float:
    """A Kubernetes quantity as a number (bytes, cores). Raises ValueError.

    Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(Ki|Mi|Gi|Ti|m|k|M|G|T)?", text)
    if not match or len(text) > 24:
        raise ValueError("must be a Kubernetes quantity such as 512Mi, 2Gi, 500m or 1.5")
    powers = {"m": 1e-3, None: 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
    powers |= {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
    return float(match[1]) * powers[match[2]]
