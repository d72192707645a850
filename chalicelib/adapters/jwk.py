"""Public keys as they are published (RFC 7517), and the encoding that JOSE has in common."""

import base64
import hashlib
import json
from collections.abc import Mapping


def base64url(data: bytes) -> str:
    """RFC 7515 §2: without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def published(key: Mapping[str, str], algorithm: str) -> dict[str, str]:
    """``key``, which has the members that its kind requires and no more, with its thumbprint (RFC 7638) as its id."""
    canonical = json.dumps(key, separators=(",", ":"), sort_keys=True).encode()
    return {**key, "kid": base64url(hashlib.sha256(canonical).digest()), "use": "sig", "alg": algorithm}
