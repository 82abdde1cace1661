"""The script's settings with the webhook's address in them, as the script reads them: whatever an admin has noted."""

import lupa.lua54
import pytest

from plugins.server_admin.script import outbox_dir, settings_text, webhook_ids
from roundhook import Secret

ADDRESS = "https://discord.com/api/webhooks/1/to--ken"
OLD = "https://discord.com/api/webhooks/2/old"
NOTED = {
    "the address, taken out": f'return {{\n    webhook_urls = {{\n        -- "{ADDRESS}",\n    }},\n}}\n',
    "an older list": f'return {{\n    -- webhook_urls = {{ "{OLD}" }},\n    webhook_urls = {{ "{OLD}" }},\n}}\n',
    "a brace": f'return {{\n    webhook_urls = {{\n        "{OLD}",   -- the old one :}}\n    }},\n}}\n',
    "several lines": f'return {{\n    --[[ webhook_urls = {{\n    }} ]]\n    webhook_urls = {{ "{OLD}" }},\n}}\n',
    "a name in quotes": f'return {{\n    ["webhook_urls"] = {{ "{OLD}" }},\n}}\n',
    "two dashes in an address": f'return {{ webhook_urls = {{ "{ADDRESS}" }} }}\n',
}


@pytest.mark.parametrize("noted", NOTED)
def test_the_address_is_where_the_script_reads_it(noted: str) -> None:
    """What stands in a comment is no setting, and what is filled in is; the other settings stay."""
    existing = NOTED[noted].replace("return {", 'return { outbox_dir = "notices",', 1)

    text = settings_text(Secret(ADDRESS), existing)

    settings = lupa.lua54.LuaRuntime().execute(text)
    assert list(settings.webhook_urls.values()) == [ADDRESS]
    assert settings.outbox_dir == outbox_dir(text) == "notices"
    assert webhook_ids(text) == [1]
    assert settings_text(Secret(ADDRESS), text) == text
