"""A command's types have to be there when it is invoked: those that are not are named when the plugin is loaded."""

import lightbulb
import pytest

from core.discord.client import check_annotations

group = lightbulb.Group("ladder", "of the ladder")


@group.register
class Show(lightbulb.SlashCommand, name="show", description="shows it"):
    @lightbulb.invoke
    async def invoke(self, context: "Missing") -> None:  # type: ignore[name-defined]  # noqa: F821
        """Never."""


@lightbulb.hook(lightbulb.ExecutionSteps.CHECKS)
def only_late(pipeline: lightbulb.ExecutionPipeline, context: "Absent") -> None:  # type: ignore[name-defined]  # noqa: F821
    """Never."""


class Late(lightbulb.SlashCommand, name="late", description="is late", hooks=[only_late]):
    @lightbulb.invoke
    async def invoke(self, context: "lightbulb.Context") -> None:
        """Never."""


def test_a_type_that_is_not_there_is_named() -> None:
    """In a group's command, and in a check before one."""
    with pytest.raises(NameError, match=r"show invoke\(\) has a type .* not there, Missing\. Import Missing above"):
        check_annotations(group)
    with pytest.raises(NameError, match=r"^only_late\(\) has a type that is not there, Absent"):
        check_annotations(Late)
