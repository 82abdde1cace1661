"""What round plugins share: events, tables, names, file names and sums. The rest of the core knows no game."""
