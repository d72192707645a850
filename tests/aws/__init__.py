"""The stack as AWS's services have it after `make deploy`'s own code deployed it, and the packaged functions at work in it.

Against moto's server, or, with LOCALSTACK_ENDPOINT (`make test-localstack`), against LocalStack. What moto's CloudFormation does
not make of the template, and what is done about it, stands in :mod:`tests.aws.moto`.
"""
