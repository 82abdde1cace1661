"""hikari's rate limits, by channel from the first call on.

While hikari does not know a route's limit, all calls of that route share one bucket, whatever channel they are for: the
first message of a round to a hundred guilds would be sent within the limit of one channel, and one that is slow to
answer would hold up all. Here what is not known yet is kept by channel (guild, webhook) as well.
"""

from hikari.impl import buckets
from hikari.internal.routes import CompiledRoute


def _unknown(route: CompiledRoute, authentication_hash: str) -> str:
    return route.create_real_bucket_hash(f"{buckets.UNKNOWN_HASH} {hash(route.route)}", authentication_hash)


def keep_apart() -> None:
    """Let hikari call a limit that it does not know yet by its channel too."""
    buckets._create_unknown_hash = _unknown
