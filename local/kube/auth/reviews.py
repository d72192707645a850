"""What clients may ask about tokens and rights: TokenRequest, TokenReview, and the reviews of subjects and their access."""

from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from local.kube import protobuf, status
from local.kube.auth.middleware import USER
from local.kube.auth.rbac import allowed, rules_of
from local.kube.auth.request_info import RequestInfo
from local.kube.auth.review_schema import (
    SELF_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
    SUBJECT_ACCESS_REVIEW,
    TOKEN_REQUEST,
    TOKEN_REVIEW,
)
from local.kube.auth.tokens import ISSUER, InvalidToken, ServiceAccountTokens
from local.kube.auth.users import User
from local.kube.decoding import Decoded, decode, decode_value
from local.kube.names import invalid
from local.kube.objects import Object, seconds, utc_now
from local.kube.registry import Registry
from local.kube.responses import json_response
from local.kube.schema import Struct

#: Seconds.
_DEFAULT_LIFETIME: Final = 3600
_SHORTEST_LIFETIME: Final = 600
_LONGEST_LIFETIME: Final = 2**32


async def _sent(request: web.Request, kind: Struct) -> Decoded:
    """The body, which kubectl sends as protobuf. Raises ApiError 400 and 415."""
    if request.content_type == protobuf.CONTENT_TYPE:
        try:
            return decode_value(kind, protobuf.decode(await request.read(), kind.name))
        except ValueError as error:
            raise status.bad_request(f"the body is no {kind.name} in protobuf: {error}") from error
    return decode(kind, request.content_type, await request.read())


def _answer(kind: Struct, **fields: Any) -> web.Response:
    return json_response({"kind": kind.name, "apiVersion": kind.version, "metadata": {}, **fields}, 201)


class Reviews:
    def __init__(self, registry: Registry, tokens: ServiceAccountTokens) -> None:
        self._registry = registry
        self._tokens = tokens

    async def token_request(self, request: web.Request) -> web.Response:
        """``…/serviceaccounts/{name}/token``."""
        namespace, name = request.match_info["namespace"], request.match_info["name"]
        spec = (await _sent(request, TOKEN_REQUEST)).object.get("spec", {})
        account = self._registry.get("serviceaccounts", namespace, name)
        lifetime = spec.get("expirationSeconds", _DEFAULT_LIFETIME)
        _require_lifetime(lifetime)
        bound = spec.get("boundObjectRef")
        pod = self._bound_pod(account, bound) if bound else None
        audiences = spec.get("audiences") or [ISSUER]
        now = utc_now()
        token = self._tokens.issue(account, audiences=audiences, seconds=lifetime, pod=pod)
        uid = account["metadata"]["uid"]
        return _answer(
            TOKEN_REQUEST,
            metadata={"name": name, "namespace": namespace, "uid": uid, "creationTimestamp": seconds(now)},
            spec={"audiences": audiences, "expirationSeconds": lifetime, "boundObjectRef": bound},
            status={"token": token, "expirationTimestamp": seconds(now + timedelta(seconds=lifetime))},
        )

    def _bound_pod(self, account: Object, bound: Object) -> Object:
        """Raises ApiError 400, 404, 409 and 501."""
        if (bound.get("kind"), bound.get("apiVersion")) != ("Pod", "v1"):
            raise status.not_supported("tokens bound to anything but a pod")
        pod = self._registry.get("pods", account["metadata"]["namespace"], bound.get("name", ""))
        metadata = pod["metadata"]
        if bound.get("uid") not in (None, "", metadata["uid"]):
            why = "does not match the UID in record. The object might have been deleted and then recreated"
            sentence = f"the UID in the bound object reference ({bound['uid']}) {why}"
            raise status.conflict("Pod", metadata["name"], sentence)
        if pod["spec"]["serviceAccountName"] != account["metadata"]["name"]:
            why = "to pod running with different serviceaccount name."
            raise status.bad_request(f'cannot bind token for serviceaccount "{account["metadata"]["name"]}" {why}')
        return pod

    async def token_review(self, request: web.Request) -> web.Response:
        spec = (await _sent(request, TOKEN_REVIEW)).object.get("spec", {})
        if not spec.get("token"):
            raise status.bad_request("token is required for TokenReview in authentication")
        try:
            user, audiences = self._tokens.verify(spec["token"], spec.get("audiences") or [ISSUER])
        except InvalidToken as error:
            # Recorded: `authenticated` is left out and not false.
            return _answer(TOKEN_REVIEW, spec=spec, status={"user": {}, "error": str(error)})
        found = {"authenticated": True, "user": user.to_object(), "audiences": audiences}
        return _answer(TOKEN_REVIEW, spec=spec, status=found)

    async def self_subject_review(self, request: web.Request) -> web.Response:
        await _sent(request, SELF_SUBJECT_REVIEW)
        metadata = {"creationTimestamp": seconds(utc_now())}
        return _answer(SELF_SUBJECT_REVIEW, metadata=metadata, status={"userInfo": request[USER].to_object()})

    async def self_subject_access_review(self, request: web.Request) -> web.Response:
        spec = (await _sent(request, SELF_SUBJECT_ACCESS_REVIEW)).object.get("spec", {})
        return _answer(SELF_SUBJECT_ACCESS_REVIEW, spec=spec, status=self._access(request[USER], spec))

    async def subject_access_review(self, request: web.Request) -> web.Response:
        spec = (await _sent(request, SUBJECT_ACCESS_REVIEW)).object.get("spec", {})
        user = User(spec.get("user", ""), tuple(spec.get("groups", ())))
        return _answer(SUBJECT_ACCESS_REVIEW, spec=spec, status=self._access(user, spec))

    async def self_subject_rules_review(self, request: web.Request) -> web.Response:
        spec = (await _sent(request, SELF_SUBJECT_RULES_REVIEW)).object.get("spec", {})
        rules = list(rules_of(self._registry, request[USER], spec.get("namespace", "")))
        about = [rule for rule in rules if "nonResourceURLs" not in rule]
        paths = [rule for rule in rules if "nonResourceURLs" in rule]
        found = {"resourceRules": about, "nonResourceRules": paths, "incomplete": False}
        return _answer(SELF_SUBJECT_RULES_REVIEW, spec=spec, status=found)

    def _access(self, user: User, spec: Object) -> Object:
        """Raises ApiError 400."""
        about, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
        if (about is None) is (path is None):
            raise status.bad_request("exactly one of nonResourceAttributes or resourceAttributes must be specified")
        if about is None:
            info = RequestInfo((path or {}).get("verb", ""), (path or {}).get("path", ""))
        else:
            names = ("verb", "group", "resource", "subresource", "namespace", "name")
            info = RequestInfo(**{name: about.get(name, "") for name in names})
        return {"allowed": allowed(self._registry, user, info)}


def _require_lifetime(lifetime: int) -> None:
    """Raises ApiError 422."""
    if lifetime < _SHORTEST_LIFETIME:
        why = "may not specify a duration less than 10 minutes"
    elif lifetime > _LONGEST_LIFETIME:
        why = "may not specify a duration larger than 2^32 seconds"
    else:
        return
    cause = invalid("spec.expirationSeconds", lifetime, why)
    raise status.invalid("TokenRequest.authentication.k8s.io", "", [cause])
