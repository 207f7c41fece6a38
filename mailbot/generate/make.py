"""Which generator a config asks for."""

from __future__ import annotations

from mailbot.config import Config
from mailbot.errors import ConfigError
from mailbot.generate.remote import RemoteGenerator
from mailbot.generate.template import TemplateGenerator
from mailbot.ports import Generator


def make_generator(config: Config) -> Generator:
    """Return the generator that the config names. Blocks on a password command. Raises ConfigError when it cannot be had."""
    if config.generate.maker == "remote":
        if not config.generate.url:
            raise ConfigError("generate.url is missing", remedy='name the server, or set generate.maker = "template"')
        if config.generate.fallback == "model":
            raise ConfigError('generate.fallback = "model" cannot be had yet', remedy='set generate.fallback = "template"')
        return RemoteGenerator(config.generate, config.generate.resolve())
    return TemplateGenerator()
