"""A single-node pod API server: Kubernetes' REST and streaming protocols over real processes (DESIGN §8).

The store: ``registry`` (objects, versions, watch history), ``objects``, ``selectors``, ``status`` (errors).
From a body to an object: ``schema``, ``decoding``, ``defaults``, ``validation``, ``names``, ``quantity``, ``options`` (queries), ``bodies``.
The HTTP side: ``server`` (routes), ``authentication``, ``responses``, ``discovery``, ``namespaces``, ``pods``, ``deletion``, ``lists``,
``watch``, ``log``, ``attach`` over ``channels`` (framing), ``containers``, ``kubeconfig``.
The node, as :mod:`local.kube.node` asks for it: ``kubelet`` (what happens to a pod), ``runtime`` (containers as processes),
``isolation``, ``images``, ``containerlog``. What is supported, refused and different is said in ``local/README.md``.
"""
