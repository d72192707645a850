"""How long a request may take: API Gateway answers for us after 29 seconds, and what was under way then is nobody's."""

from collections.abc import Callable
from typing import Final

from chalice import Response
from chalice.app import Request

from chalicelib.adapters.deadline import within

#: Seconds for all that a request asks of Kubernetes and DynamoDB; each question has a smaller share (``QUESTION`` and
#: ``PATIENCE`` of the adapters), so that the last one that hangs still lets its error be told, and undone what it leaves.
REQUEST: Final = 25.0
#: Seconds for a sweep by hand, as the API promises.
BY_HAND: Final = 20.0
#: Seconds for the scheduled sweep, steps that it began last included: then the next one starts.
TICK: Final = 58.0


def in_time(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: gives up what is not answered within the budget."""
    with within(REQUEST):
        return get_response(request)
