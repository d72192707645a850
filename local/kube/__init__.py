"""A single-node pod API server: Kubernetes' REST and streaming protocols over real processes (DESIGN §8).

The store: ``registry`` (objects, versions, watch history), ``objects``, ``selectors``, ``status`` (errors).
Which resources there are: ``resources``. From a body to an object: ``schema``, ``stored_schema``, ``decoding``, ``yaml_bodies``, ``protobuf``,
``defaults``, ``names``, ``quantity``, ``options`` (queries), ``bodies``, ``patches``. Admission: ``validation``, ``reference_validation``,
``pod_security``.
Who may what: ``auth``. The HTTP side: ``server`` (routes), ``responses``, ``discovery``, ``openapi``, ``collections``, ``lists``, ``watch``, ``printing`` (Tables);
``stored``, ``namespaces``, ``nodes``, ``pods``, ``updates``, ``pod_updates``, ``deletion``; ``log``; ``attach``, ``exec`` and ``portforward`` over ``streams`` and ``channels``
(framing), ``containers``. Around it: ``manifests``, ``kubeconfig``, ``serving_certificate``.
The node, as :mod:`local.kube.node` asks for it: ``kubelet`` (what happens to a pod), ``runtime`` (containers as processes),
``isolation``, ``images``, ``containerlog``. What is supported, refused and different is said in ``local/README.md``.
"""
