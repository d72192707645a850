"""Which clusters the settings name; what is wrong is told with the setting's name, and without what may be secret in it."""

import json
from typing import Any

import pytest

from chalicelib.domain.cluster_settings import ClusterSettings, cluster_settings
from chalicelib.domain.errors import Misconfigured


@pytest.mark.parametrize(
    ("environment", "default"),
    [
        ({}, ClusterSettings()),
        ({"LOOM_KUBECONFIG": "", "LOOM_CLUSTERS": ""}, ClusterSettings()),
        ({"LOOM_KUBECONFIG": "/k"}, ClusterSettings(kubeconfig="/k")),
        ({"LOOM_KUBECONFIG_SECRET": "arn:s"}, ClusterSettings(kubeconfig_secret="arn:s")),
        ({"LOOM_EKS_CLUSTER": "blue_1"}, ClusterSettings(eks_cluster="blue_1")),
    ],
)
def test_one_cluster(environment: dict[str, str], default: ClusterSettings):
    assert cluster_settings(environment) == {"default": default}


def test_several():
    more = {
        "eu": {"eks_cluster": "weavers", "region": "eu-central-1", "relay_url": "wss://eu.example"},
        "lab-2": {"kubeconfig_secret": "s"},
    }
    assert cluster_settings({"LOOM_EKS_CLUSTER": "blue", "LOOM_CLUSTERS": json.dumps(more)}) == {
        "default": ClusterSettings(eks_cluster="blue"),
        "eu": ClusterSettings(eks_cluster="weavers", region="eu-central-1", relay_url="wss://eu.example"),
        "lab-2": ClusterSettings(kubeconfig_secret="s"),
    }


def test_the_default_one_may_stand_among_the_others():
    more = {"default": {"eks_cluster": "blue", "relay_url": "ws://r"}}
    told = cluster_settings({"LOOM_CLUSTERS": json.dumps(more)})
    assert told == {"default": ClusterSettings(eks_cluster="blue", relay_url="ws://r")}


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"LOOM_KUBECONFIG": "k", "LOOM_EKS_CLUSTER": "e"}, "LOOM_KUBECONFIG and LOOM_EKS_CLUSTER exclude"),
        ({"LOOM_KUBECONFIG_SECRET": "k", "LOOM_EKS_CLUSTER": "e"}, "LOOM_KUBECONFIG_SECRET and LOOM_EKS_CLUSTER"),
        ({"LOOM_EKS_CLUSTER": "arn:aws:eks:eu-west-1:123456789012:cluster/blue"}, "LOOM_EKS_CLUSTER.*no ARN"),
        ({"LOOM_EKS_CLUSTER": "e", "LOOM_CLUSTERS": '{"default": {"kubeconfig": "k"}}'}, "default.*LOOM_EKS_CLUSTER"),
    ],
)
def test_settings_that_contradict(environment: dict[str, str], words: str):
    with pytest.raises(Misconfigured, match=words):
        cluster_settings(environment)


@pytest.mark.parametrize(
    ("clusters", "words"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ([], "must be a JSON object"),
        ({"EU": {"eks_cluster": "e"}}, "names are at most 40"),
        ({"e" * 41: {"eks_cluster": "e"}}, "names are at most 40"),
        ({"eu#1": {"eks_cluster": "e"}}, "names are at most 40"),
        ({"eu": None}, "eu must be an object with texts"),
        ({"eu": {"eks_cluster": ""}}, "eu must be an object with texts"),
        ({"eu": {"eks_cluster": 1}}, "eu must be an object with texts"),
        ({"eu": {"eks": "e"}}, "eks_cluster, kubeconfig, kubeconfig_secret, region, relay_url"),
        ({"eu": {}}, "eu must have exactly one of"),
        ({"eu": {"relay_url": "wss://r"}}, "eu must have exactly one of"),
        ({"eu": {"eks_cluster": "e", "kubeconfig": "k"}}, "eu must have exactly one of"),
        ({"eu": {"eks_cluster": "e", "relay_url": "https://r"}}, r"eu\.relay_url must begin with wss://"),
        ({"eu": {"eks_cluster": "e", "region": "Frankfurt"}}, r"eu\.region must be one of AWS"),
        ({"eu": {"kubeconfig": "k", "region": "eu-central-1"}}, r"eu\.region must be one of AWS"),
        ({"eu": {"eks_cluster": "a/b"}}, r"eu\.eks_cluster must be a cluster's name"),
    ],
)
def test_more_clusters_that_cannot_be(clusters: Any, words: str):
    text = clusters if isinstance(clusters, str) else json.dumps(clusters)
    with pytest.raises(Misconfigured, match=f"LOOM_CLUSTERS.*{words}"):
        cluster_settings({"LOOM_CLUSTERS": text})


def test_what_stands_in_it_is_not_repeated():
    with pytest.raises(Misconfigured) as raised:
        cluster_settings({"LOOM_CLUSTERS": '{"eu": {"token": "hunter2"'})
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None
