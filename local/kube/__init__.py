"""A single-node pod API server: Kubernetes' REST and streaming protocols over real processes (DESIGN §8).

Modules are named as a Kubernetes person would look for them: ``registry`` (objects, versions, watch history), ``selectors``,
``schema``/``defaults``/``validation`` (admission), ``authentication``, ``status`` (errors), ``rest``/``watch``/``log``/``streams``
(the HTTP side), ``streaming`` (channel framing), ``kubelet`` (what happens to a pod on the node), ``runtime`` (containers as
processes) and ``images``. What is supported, refused and different is said in ``local/README.md``.
"""
