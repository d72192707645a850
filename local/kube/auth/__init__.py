"""Who asks and what they may: tokens and users (``tokens``, ``users``), what a request is about (``request_info``), RBAC
(``rbac``, ``policy``), the middleware that applies both to every request (``middleware``), and what clients may ask about it
(``reviews``)."""
