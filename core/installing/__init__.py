"""Getting plugins: from a folder, an archive, a git repository or a package into ``[storage] dir``."""
