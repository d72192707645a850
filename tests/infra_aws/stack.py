"""The stack's template as ``make package`` merges it, and what AWS's own transform makes of it; the zip files are not built."""

import copy
import json
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from scripts.package.circle import untied
from scripts.package.code import chalice_package
from scripts.package.template import with_layer

Json = dict[str, Any]
STAGES: Final = ("dev", "staging", "prod")
#: Where `make deploy` would have uploaded the zip files.
_BUCKET: Final = "s3://artifacts/"


@cache
def merged(stage: str) -> Json:
    """What is handed to CloudFormation. Not to be changed."""
    with tempfile.TemporaryDirectory() as folder:
        _, template = chalice_package(stage, Path(folder))
    [architecture] = template["Resources"]["APIHandler"]["Properties"]["Architectures"]
    whole: Json = json.loads(json.dumps(untied(with_layer(template, architecture)), default=str))
    return whole


@cache
def expanded(stage: str) -> Json:
    """What CloudFormation makes of it: plain resources. Not to be changed."""
    template = copy.deepcopy(merged(stage))
    for resource in template["Resources"].values():
        for uri in {"CodeUri", "ContentUri"} & set(resource["Properties"]):
            resource["Properties"][uri] = _BUCKET + resource["Properties"][uri]
    return translated(template)


def translated(template: Mapping[str, Any]) -> Json:
    """``template``, whose zip files are in S3, as AWS's transform leaves it."""
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    # Through JSON: the translator's own dictionaries are none of Python's.
    whole: Json = json.loads(json.dumps(translator.translate(copy.deepcopy(dict(template)), parameter_values={})))
    return whole


def of_type(template: Json, kind: str) -> dict[str, Json]:
    """Logical id -> properties, of every resource of type ``kind``."""
    return {name: one["Properties"] for name, one in template["Resources"].items() if one["Type"] == kind}
