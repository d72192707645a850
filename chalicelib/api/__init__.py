"""The HTTP doors: parse, call one service, render. The contract is DESIGN §5; errors are rendered in :mod:`.errors`."""

import logging

from chalice import Chalice, Rate

from chalicelib.api import budget, health, observability, openapi, restored, sweeping, tickets, weavers
from chalicelib.api.errors import own_envelope
from chalicelib.api.well_formed import well_formed


def serve(app: Chalice) -> Chalice:
    """``app`` with every door and the sweep of every minute."""
    app.log = logging.getLogger(observability.logger.name)  # Chalice tells it the exceptions that nobody caught
    app.register_middleware(observability.observed, "http")
    app.register_middleware(own_envelope, "http")
    app.register_middleware(budget.in_time, "http")
    app.register_middleware(well_formed(app), "http")
    for door in (weavers, tickets, health, openapi, sweeping):
        app.register_blueprint(door.blueprint)
    restored.register()
    app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")(sweeping.every_minute)
    return app
