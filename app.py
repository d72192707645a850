"""The control plane as AWS Lambda runs it: the HTTP API and the sweep of every minute. See chalicelib.api for the doors."""

from chalice import Chalice

from chalicelib.api import serve

app = serve(Chalice(app_name="weavers"))
#: Lambda's handler of the sweep: Chalice names it in the template after the function that it calls, in this module.
every_minute = app.handler_map["sweep"]
