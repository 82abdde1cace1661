"""The part of roundhook that is never hot: contract, kernel, journal, database, bot and command line."""
