"""Files with a description: hikari leaves ``attachments[].description`` out of what it sends."""

from typing import Any

import hikari
from hikari.impl.rest import RESTClientImpl

from core.shown import cut_text

MOST = 1024
"""The characters of a description that Discord takes."""


class Described(hikari.Bytes):
    """A file's bytes with what is read out to who cannot see them."""

    __slots__ = ("description",)

    def __init__(self, data: bytes, name: str, description: str) -> None:
        super().__init__(data, name)
        self.description = cut_text(description.strip(), MOST)


class DescribingRest(RESTClientImpl):
    """hikari's REST client, which tells Discord the descriptions too."""

    __slots__ = ()

    def _build_message_payload(self, **options: Any) -> Any:
        body, form = super()._build_message_payload(**options)
        entries: Any = body.get("attachments") or ()
        by_name = {f"files[{entry['id']}]": entry for entry in entries}
        for name, resource in form._resources if form else ():
            if description := getattr(resource, "description", ""):
                by_name[name]["description"] = description
        return body, form


def describe_files(rest: Any) -> None:
    """Let *rest* send descriptions: hikari makes its clients itself, of one class."""
    rest.__class__ = DescribingRest
