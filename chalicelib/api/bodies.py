"""The JSON bodies that requests bring, as models. The views that take one import this module when they are called: it brings
pydantic, which is a quarter of a cold start, and most requests have no body.
"""

from chalice.app import Request
from pydantic import BaseModel, Field, StrictBool

from chalicelib.api.requests import json_object
from chalicelib.domain.create_request import REQUEST_BODY, CreateRequest, Hours, parse_create_request, validated
from chalicelib.domain.tickets import TicketAction, TicketRole


class TicketRequest(BaseModel):
    """What the ticket is to permit."""

    model_config = REQUEST_BODY

    action: TicketAction = Field("attach", description="What the connection is for.")
    role: TicketRole = Field("driver", description="Whether its user may type.")


class ExtendRequest(BaseModel):
    """The new lifetime, in hours from the weaver's creation."""

    model_config = REQUEST_BODY

    lifetime_hours: Hours = Field(description="Hours from the weaver's creation, fractions allowed.")


class CleanupRequest(BaseModel):
    """How to sweep."""

    model_config = REQUEST_BODY

    dry_run: StrictBool = Field(False, description="Do nothing, only tell.")


def create_request(request: Request, *, allow_http: bool) -> CreateRequest:
    """The body of a create. Raises InvalidRequest, InvalidLifetime."""
    return parse_create_request(json_object(request), allow_http=allow_http)


def ticket_request(request: Request) -> TicketRequest:
    """The body of a request for a ticket. Raises InvalidRequest."""
    return validated(TicketRequest, json_object(request))


def extend_request(request: Request) -> ExtendRequest:
    """The body of an extension. Raises InvalidRequest, InvalidLifetime."""
    return validated(ExtendRequest, json_object(request))


def cleanup_request(request: Request) -> CleanupRequest:
    """The body of a request for a sweep. Raises InvalidRequest."""
    return validated(CleanupRequest, json_object(request))
