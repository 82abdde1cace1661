"""A Discord and a game server on loopback: for the demo, the tests, and plugin authors."""
