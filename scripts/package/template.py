"""What the template says of the packages: where they are, and that every function has the layer."""

import json
import sys
from typing import Any, Final

DEPLOYMENT, LAYER = "deployment.zip", "layer.zip"
#: The layer's logical id.
DEPENDENCIES: Final = "Dependencies"
_FUNCTION: Final = "AWS::Serverless::Function"


def functions(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Logical id -> properties, of each function of ours: whose code is the deployment package."""
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == _FUNCTION and str(resource["Properties"].get("CodeUri", "")).endswith(DEPLOYMENT)
    }


def architecture_of(template: dict[str, Any]) -> str:
    """The one that all functions have: they share a layer, and it has native code. Raises ValueError."""
    architectures: set[str] = {one for function in functions(template).values() for one in function["Architectures"]}
    if len(architectures) != 1:
        raise ValueError(f"the functions must share one architecture, and not have {sorted(architectures)}")
    return architectures.pop()


def with_layer(template: dict[str, Any], architecture: str) -> dict[str, Any]:
    """The template with the layer, for functions on ``architecture``; paths are relative to the template."""
    ours = {
        name: {**function, "CodeUri": DEPLOYMENT, "Architectures": [architecture], "Layers": _layers(function)}
        for name, function in functions(template).items()
    }
    resources = {
        name: {**resource, "Properties": ours[name]} if name in ours else resource
        for name, resource in template["Resources"].items()
    }
    return {**template, "Resources": {**resources, DEPENDENCIES: _layer(architecture)}}


def _layers(function: dict[str, Any]) -> list[Any]:
    return [*function.get("Layers", []), {"Ref": DEPENDENCIES}]


def _layer(architecture: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Serverless::LayerVersion",
        "Properties": {
            "LayerName": {"Fn::Sub": "${AWS::StackName}-dependencies"},
            "Description": "The locked dependencies of the control plane",
            "ContentUri": LAYER,
            "CompatibleRuntimes": [f"python{sys.version_info.major}.{sys.version_info.minor}"],
            "CompatibleArchitectures": [architecture],
            # A function goes on with a version that was deleted, and each release brings its own.
            "RetentionPolicy": "Delete",
        },
    }


def in_ascii(template: dict[str, Any]) -> dict[str, Any]:
    """The template. Raises ValueError for other characters, most of them in docstrings, which Chalice puts into the API.

    CloudFormation may give them back as question marks, and by what it gives back `make rollback` knows which release runs.
    """
    lines = json.dumps(template, ensure_ascii=False, default=str, indent=0).splitlines()
    if strange := [line for line in lines if not line.isascii()]:
        raise ValueError(f"the template has other characters than ASCII's: {'; '.join(strange)}")
    return template
