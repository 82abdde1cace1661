"""The table that server_admin owns."""

from piccolo.columns import BigInt, Text, Timestamptz
from piccolo.table import Table


class AllowedWebhook(Table, tablename="server_admin_webhooks"):
    """A webhook that was allowed for a game server while the bot ran, besides those in the settings."""

    webhook_id = BigInt(primary_key=True)
    server = Text()
    created_by = BigInt(null=True, default=None)
    created_at = Timestamptz(null=True, default=None)
