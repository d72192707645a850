"""What a created pod looks like."""

from chalicelib.domain.pod_spec import PodRequest, weaver_pod
from tests.chalicelib.samples import weaver
from tests.local.kube.api.conftest import NAMESPACE, PODS, Api, manifest
from tests.local.kube.recordings import recorded


async def test_defaults_are_kubernetes_own(api: Api):
    expected = recorded("errors/201-dry-run.json")["body"]
    status, pod = await api.call("POST", f"{PODS}?dryRun=All", manifest(expected["metadata"]["name"]))
    assert status == 201
    for key in ("uid", "creationTimestamp"):
        assert pod["metadata"].pop(key)
        del expected["metadata"][key]
    assert pod == expected
    assert (await api.call("GET", f"{PODS}/{expected['metadata']['name']}"))[0] == 404


async def test_a_bare_pod(api: Api):
    spec = {"containers": [{"name": "a", "image": "x/y"}], "restartPolicy": "Never"}
    status, pod = await api.call("POST", PODS, {"metadata": {"generateName": "weaver-"}, "spec": spec})
    assert status == 201
    assert pod["metadata"]["name"].startswith("weaver-")
    assert len(pod["metadata"]["name"]) == len("weaver-") + 5
    assert pod["metadata"]["namespace"] == NAMESPACE
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == "Always"
    assert pod["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


async def test_limits_become_requests(api: Api):
    pod = manifest()
    pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": "1Gi", "cpu": 2}}
    _, created = await api.call("POST", PODS, pod)
    resources = created["spec"]["containers"][0]["resources"]
    assert resources["requests"] == resources["limits"] == {"memory": "1Gi", "cpu": "2"}
    assert created["status"]["qosClass"] == "Guaranteed"


async def test_the_status_that_a_client_sends_does_not_count(api: Api):
    _, created = await api.call("POST", PODS, {**manifest(), "status": {"phase": "Running"}})
    assert created["status"]["phase"] == "Pending"


async def test_empty_values_of_refused_fields_say_nothing(api: Api):
    """Clients in Go and Python write them out."""
    pod = manifest(hostNetwork=False, affinity=None, nodeSelector={})
    pod["metadata"] |= {"creationTimestamp": None, "finalizers": []}
    assert (await api.call("POST", PODS, pod))[0] == 201


async def test_the_pods_that_weavers_are_made_of(api: Api):
    made = weaver(repo="https://git.example/o/r.git", branch="main", name="api")
    request = PodRequest("registry.example/git:1", "https://loom.example", {"A": "b"}, ["bash"], ["-l"], "/opt")
    pod = weaver_pod(made, request)
    status, created = await api.call("POST", f"{PODS}?fieldValidation=Strict", pod)
    assert status == 201, created
    assert created["spec"]["activeDeadlineSeconds"] == pod["spec"]["activeDeadlineSeconds"]
    assert created["spec"]["initContainers"][0]["command"] == pod["spec"]["initContainers"][0]["command"]
