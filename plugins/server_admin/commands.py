"""/setup server and /server test, for admins; the answers are for their eyes only."""

import hikari
import lightbulb

from roundhook import plugin_of
from roundhook.commands import admins_only, answer, confirm, fitting

loader = lightbulb.Loader()
_ADMINS = hikari.Permissions.MANAGE_GUILD
setup = lightbulb.Group("setup", "Set the bot up", default_member_permissions=_ADMINS)
server = lightbulb.Group("server", "Look after game servers", default_member_permissions=_ADMINS)
loader.command(setup)
loader.command(server)


async def servers(context: lightbulb.AutocompleteContext[str]) -> None:
    """Offer the configured game servers that the user may act on."""
    known = plugin_of(context).servers_of(context.interaction)
    await context.respond(fitting(str(context.focused.value or ""), known))


@setup.register
class SetupServer(
    lightbulb.SlashCommand, name="server", description="Make a webhook for a game server", hooks=[admins_only]
):
    """/setup server."""

    key = lightbulb.string("server", "the server's key in the settings", autocomplete=servers, max_length=32)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        await context.defer(ephemeral=True)
        known = plugin.servers_of(context.interaction)
        message, offer = await plugin.admin.set_up(self.key, known, int(context.user.id))
        if offer is None:
            await answer(context, message, ephemeral=True)
        else:
            await confirm(context, message, plugin.write_cfg, offer, label="Write the cfg")


@server.register
class ServerTest(
    lightbulb.SlashCommand,
    name="test",
    description="Connect to a game server and say how it stands",
    hooks=[admins_only],
):
    """/server test."""

    key = lightbulb.string("server", "the server's key in the settings", autocomplete=servers, max_length=32)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        await context.defer(ephemeral=True)
        await answer(context, await plugin.admin.test(self.key, plugin.servers_of(context.interaction)), ephemeral=True)
