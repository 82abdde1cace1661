"""The drawing kit: fonts, colours, shapes and texts that fit. Knows no game."""
