"""Chalice lets the API point at its function, and our function must know the API's URL: for CloudFormation a circle.

The function has a name of its own (``infra/aws/functions.yaml``), so the API points at that name instead.
"""

from typing import Any, Final

_FUNCTION: Final = "${APIHandler.Arn}"
_BY_NAME: Final = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:%s"


def untied(template: dict[str, Any]) -> dict[str, Any]:
    """The template whose API names its function. One without a name, as Chalice makes it alone, stays as it is."""
    name = template["Resources"]["APIHandler"]["Properties"].get("FunctionName")
    if name is None:
        return template
    api = template["Resources"]["RestAPI"]
    definition = _renamed(api["Properties"]["DefinitionBody"], _BY_NAME % name["Fn::Sub"])
    untied_api = {**api, "Properties": {**api["Properties"], "DefinitionBody": definition}}
    return {**template, "Resources": {**template["Resources"], "RestAPI": untied_api}}


def _renamed(value: Any, arn: str) -> Any:
    match value:
        case dict():
            return {key: _renamed(item, arn) for key, item in value.items()}
        case list():
            return [_renamed(item, arn) for item in value]
        case str():
            return value.replace(_FUNCTION, arn)
    return value
