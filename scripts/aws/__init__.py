"""Operating the control plane on AWS: what stands behind `make deploy`, `smoke`, `rollback` and `destroy` (docs/deploy.md).

CloudFormation is spoken to directly, through change sets, and by no other tool's command line: so all of it runs in tests.
"""
