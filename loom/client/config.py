"""Which API to talk to and as whom: flags, then the environment, then the configuration file.

What every command imports has named tuples: dataclasses would cost 10 ms of a start that is a person's wait.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from loom.client.config_file import DEFAULT, ConfigFile, config_path, read
from loom.client.errors import UsageError

__all__ = ["Config", "Setting", "Settings", "checked_token", "checked_url", "config_path"]

Name = Literal["url", "token"]


class Config(NamedTuple):
    """``url`` is the API's base URL, http or https, without a slash at its end; ``token`` a bearer token, empty for none.

    ``via`` is what asks, for the history of what is changed: ``CLI``, or ``CI`` where a pipeline runs it.
    """

    url: str
    token: str
    via: str = "CLI"

    def __repr__(self) -> str:
        return f"Config(url={self.url!r})"


class Setting(NamedTuple):
    """``value`` as it was given, None where nobody did; ``source`` tells a person where it came from."""

    name: str
    value: str | None
    source: str

    def __repr__(self) -> str:
        return f"Setting(name={self.name!r}, source={self.source!r})"  # the value may be a token


class Settings:
    """What was configured, resolved when it is asked for: the file is not read when flags and environment say it all.

    Per value: its flag; the context that ``--context`` names; ``LOOM_URL`` or ``LOOM_TOKEN``; the context that
    ``LOOM_CONTEXT`` or the file's ``current`` names. Properties raise UsageError.
    """

    def __init__(self, url: str | None, token: str | None, context: str | None, env: Mapping[str, str]) -> None:
        self._flags = {"url": url, "token": token}
        self._context = context
        self._env = env
        self.path = config_path(env)

    @cached_property
    def file(self) -> ConfigFile:
        """The configuration file."""
        return read(self.path)

    @cached_property
    def context(self) -> Setting:
        """The context that is used, which is in the file, unless it is ``default``."""
        for source, value in (("--context", self._context), ("LOOM_CONTEXT", self._env.get("LOOM_CONTEXT"))):
            if value:
                return Setting("context", value, source)
        if self.file.current:
            return Setting("context", self.file.current, "current in the file")
        return Setting("context", DEFAULT, "default")

    @property
    def url(self) -> Setting:
        """The API's URL, not checked."""
        return self._resolved("url")

    @property
    def token(self) -> Setting:
        """The token, not checked."""
        return self._resolved("token")

    def config(self) -> Config:
        """Both, checked. Raises UsageError for what is missing or cannot be right."""
        url, token = self.api_url(), self.token.value
        if not token:
            where = f'write token = "..." into {self.path}'
            raise UsageError(f"no token{self._of_context()}: give --token, set LOOM_TOKEN or {where}")
        return Config(url, checked_token(token), self._via())

    def _via(self) -> str:
        """GitHub, GitLab and most others set CI=true; some say 1."""
        return "CI" if self._env.get("CI", "").lower() in ("true", "1") else "CLI"

    def api_url(self) -> str:
        """The API's URL, checked. Raises UsageError."""
        if url := self.url.value:
            return checked_url(url)
        if self.context.value == DEFAULT and (others := ", ".join(self.file.contexts)):
            raise UsageError(
                f"which API? Give --context, or choose one with: loom config use NAME; there are: {others}"
            )
        where = f'write url = "https://..." into {self.path}'
        raise UsageError(f"which API{self._of_context()}? Give --url, set LOOM_URL or {where}")

    def _resolved(self, name: Name) -> Setting:
        if flag := self._flags[name]:
            return Setting(name, flag, f"--{name}")
        variable = f"LOOM_{name.upper()}"
        inherited = Setting(name, self._env.get(variable), variable)
        if inherited.value and not self._context:
            return inherited
        context = self.context
        value = self.file.context(str(context.value), context.source).get(name)
        if value:
            return Setting(name, value, f"context {context.value}")
        return inherited if inherited.value else Setting(name, None, "not set")

    def _of_context(self) -> str:
        name = self.context.value
        return "" if name == DEFAULT else f" in the context {name}"


def checked_url(url: str) -> str:
    """Without a slash at its end. Raises UsageError."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(f"{url!r} is not a URL such as https://loom.example.com")
    if parts.username is not None:
        raise UsageError("the URL must not carry credentials; they belong into --token or LOOM_TOKEN")
    return url.rstrip("/")


def checked_token(token: str) -> str:
    """Without space around it. Raises UsageError, never telling it."""
    token = token.strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("the token has characters that no token has; was it copied whole?")
    return token
