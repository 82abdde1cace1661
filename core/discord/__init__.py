"""The bot's side of Discord: commands and their difference to what Discord has, messages, permissions."""
