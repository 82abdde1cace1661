"""Where ``pickle`` finds the classes and functions of plugins, in the bot and in every process that has roundhook."""

import core.kernel.loader  # noqa: F401 - brings the finder of what stands below this name
