"""The game servers: warm verified SSH, files on them, files kept from them, and the webhooks that speak for them."""
