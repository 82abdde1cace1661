"""The kernel: loads, reloads, drains, rolls back and disposes plugins; hands events to them."""
