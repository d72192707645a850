"""The control plane as AWS Lambda runs it: the HTTP API and the sweep of every minute. See chalicelib.api for the doors."""

from chalice import Chalice

from chalicelib.api import serve

app = serve(Chalice(app_name="weavers"))
