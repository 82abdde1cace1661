-- roundhook_config.lua: the settings of roundhook.lua. It lies beside roundhook.lua and is read at each map load.
-- It holds secrets (whoever knows a webhook's address can post to it): keep its file mode at 600.
return {
    -- Discord webhooks in the bot's control channel; every notice goes to each of them.
    webhook_urls = {
        -- "https://discord.com/api/webhooks/<id>/<token>",
    },

    enabled = true,                    -- false: the script does nothing
    debug = false,                     -- true: says on the console what it sees and sends
    outbox_dir = "roundhook_outbox",   -- where notices wait until Discord has them; counts from fs_homepath/fs_game
    outbox_max = 200,                  -- at most so many wait; beyond that the oldest is dropped
    resend_seconds = 60,               -- how often what is left is sent again
}
