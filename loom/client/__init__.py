"""The client of the control plane's API (:mod:`loom.client.api`) and of the relay (:mod:`loom.client.relay`)."""
