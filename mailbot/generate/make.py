"""Which generator a config asks for."""

from __future__ import annotations

from mailbot.config import Config
from mailbot.errors import ConfigError, NotFound, UsageError
from mailbot.generate.local import LocalGenerator
from mailbot.generate.registry import Registry
from mailbot.generate.remote import RemoteGenerator
from mailbot.generate.template import TemplateGenerator
from mailbot.ports import Generator


def make_generator(config: Config) -> Generator:
    """Return the generator that the config names. Blocks on a password command. Raises ConfigError when it cannot be had."""
    if config.generate.maker == "remote":
        if not config.generate.url:
            raise ConfigError("generate.url is missing", remedy='name the server, or set generate.maker = "template"')
        fallback = _local(config) if config.generate.fallback == "model" else None
        return RemoteGenerator(config.generate, config.generate.resolve(), fallback=fallback)
    return _local(config) if config.generate.maker == "model" else TemplateGenerator()


def _local(config: Config) -> LocalGenerator:
    registry, release = Registry(config.state_dir / "models"), config.generate.release
    remedy = "`mailbot model list` shows those there are, `mailbot model add DIR` brings one in"
    if not (release or registry.in_use()):
        raise ConfigError("generate: there is no model: none is shipped, and none was published", remedy=remedy)
    try:
        directory = registry.locate(release)
    except (NotFound, UsageError) as error:
        raise ConfigError(f"generate.release: {error.args[0]}", remedy=remedy) from error
    if not directory.is_dir():
        raise ConfigError(f"generate.release: {directory}: no such directory", remedy=remedy)
    return LocalGenerator(config.generate, directory)
