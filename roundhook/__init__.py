"""What plugin authors import: the base class, the context, the hook marker, the events and the errors."""
