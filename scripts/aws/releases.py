"""Releases: what was deployed to a stage, kept in the artifact bucket, so that it can be deployed again.

=====================================  ================================================================
key                                    what
=====================================  ================================================================
``artifacts/<sha256>.zip``             a function's code or a layer, by its content
``templates/<sha256>.json``            a template that names artifacts, by its content
``<stack>/releases/<time>-<id>.json``  a release that came through: template, parameters and tags
=====================================  ================================================================
"""

import hashlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from scripts.aws.account import Bucket, told
from scripts.aws.errors import OperatingError, Refused

#: Properties that name a file beside the template, of any resource of SAM's that has code.
_FILES: Final = ("CodeUri", "ContentUri")


@dataclass(frozen=True, slots=True)
class Release:
    """All that CloudFormation is given; and, for people, the ``commit`` of the checkout, as git describes it, empty without git."""

    template: Mapping[str, Any]
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    commit: str = ""

    @property
    def id(self) -> str:
        """Of the template, and so of the code: CloudFormation tells the template that a stack has, and not who deployed it."""
        return digest(_canonical(self.template))[:12]


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def uploaded(bucket: Bucket, folder: Path, template: Mapping[str, Any]) -> Mapping[str, Any]:
    """The template with the files in ``folder`` that it names uploaded, those only that are not there yet. Raises OperatingError."""
    resources = {name: _uploaded(bucket, folder, resource) for name, resource in template["Resources"].items()}
    return {**template, "Resources": resources}


def _uploaded(bucket: Bucket, folder: Path, resource: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = resource.get("Properties", {})
    files = {name: value for name, value in properties.items() if name in _FILES and isinstance(value, str)}
    urls = {name: _artifact(bucket, folder / value) for name, value in files.items() if not value.startswith("s3://")}
    return {**resource, "Properties": {**properties, **urls}} if urls else resource


def _artifact(bucket: Bucket, path: Path) -> str:
    content = path.read_bytes()
    return f"s3://{bucket.name}/{put(bucket, f'artifacts/{digest(content)}{path.suffix}', content)}"


def put(bucket: Bucket, key: str, content: bytes) -> str:
    """The key, under which the content is now. What is named by its content is not sent twice. Raises OperatingError."""
    with told():
        if not _there(bucket, key):
            bucket.ask("put_object", key, Body=content)
    return key


def _there(bucket: Bucket, key: str) -> bool:
    try:
        bucket.ask("head_object", key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return False
        raise
    return True


def template_url(bucket: Bucket, release: Release) -> str:
    """Where CloudFormation reads the template: in a request there is no room for one with all the routes."""
    body = _canonical(release.template)
    return bucket.url(put(bucket, f"templates/{digest(body)}.json", body))


def remember(bucket: Bucket, stack: str, release: Release, now: datetime | None = None) -> None:
    """Keeps what came through. Raises OperatingError."""
    at = f"{now or datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    with told():
        body = json.dumps(asdict(release), sort_keys=True).encode()
        bucket.ask("put_object", f"{_folder(stack)}{at}-{release.id}.json", Body=body)


def known(bucket: Bucket, stack: str) -> list[str]:
    """The keys of the stage's releases, oldest first. Raises OperatingError."""
    with told():
        return sorted(_keys(bucket, _folder(stack)))


def _keys(bucket: Bucket, prefix: str) -> Iterator[str]:
    more: dict[str, str] = {}
    while True:
        page = bucket.ask("list_objects_v2", Prefix=prefix, **more)
        yield from (one["Key"] for one in page.get("Contents", ()))
        if not page.get("IsTruncated"):
            return
        more = {"ContinuationToken": page["NextContinuationToken"]}


def id_of(key: str) -> str:
    """The release's id in its key."""
    return key.rpartition("-")[2].removesuffix(".json")


def load(bucket: Bucket, key: str) -> Release:
    """The release. Raises OperatingError."""
    with told():
        content = bucket.ask("get_object", key)["Body"].read()
    return Release(**json.loads(content))


def chosen(keys: list[str], running: str, wanted: str | None) -> str:
    """The key of the release ``wanted``, or of the one before that which runs. Raises Refused, which lists what there is."""
    runs = [place for place, key in enumerate(keys) if id_of(key) == running]
    if wanted:
        found = [key for key in keys if id_of(key) == wanted]
        missing = f"there is no release {wanted}; there are:"
    elif keys and not runs:  # then nobody can say which one is before it
        found = []
        missing = f"what runs ({running}) is none of the releases that are known, so say which one by TO=…; there are:"
    else:
        found = [key for key in keys[: max(runs, default=0)] if id_of(key) != running]
        missing = f"there is no release before the one that runs ({running}); there are:"
    if not found:
        listed = "".join(f"\n  {id_of(key)}  {key.rpartition('/')[2].partition('-')[0]}" for key in keys)
        raise Refused(missing + (listed or " none"))
    return found[-1]


def commit_of(root: Path) -> str:
    """Of the checkout; ``-dirty`` where there are changes that are in no commit."""
    command = ("git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def local_template(folder: Path) -> Mapping[str, Any]:
    """What `make package` wrote. Raises OperatingError."""
    try:
        template: Mapping[str, Any] = json.loads((folder / "template.json").read_text())
    except ValueError as error:
        raise OperatingError(f"{folder}/template.json is not JSON: {error}") from error
    return template


def _folder(stack: str) -> str:
    return f"{stack}/releases/"


def _canonical(template: Mapping[str, Any]) -> bytes:
    """The same bytes for the same template: CloudFormation gives it back with its keys in another order."""
    return json.dumps(template, sort_keys=True, separators=(",", ":")).encode()
