"""``roundhook init``: writes a commented ``roundhook.toml`` to fill in."""

import argparse
from pathlib import Path

from core.cli.screen import say
from core.config import DEFAULT_FILE
from core.db.foreign import refuse_foreign
from core.errors import ConfigError

_HOME = Path(__file__).parents[2]
EXAMPLES = (_HOME / "roundhook.example.toml", _HOME / "roundhook" / "roundhook.example.toml")
"""Where it lies in the checkout, and in an installed wheel."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="where to (default: here)")
    parser.set_defaults(run=run, verbose=False)


async def run(arguments: argparse.Namespace) -> None:
    """Write the file; what is there stays."""
    target: Path = arguments.folder / DEFAULT_FILE
    refuse_foreign(arguments.folder.absolute())
    try:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            example = next(path for path in EXAMPLES if path.is_file())
            file.write(example.read_text("utf-8"))
    except FileExistsError as error:
        raise ConfigError(f"{target} is there already and stays as it is. Name another folder.") from error
    except OSError as error:
        raise ConfigError(f"{target} cannot be written ({error.strerror}). Name another folder.") from error
    say(f"Wrote {target}. Put your ids in, then run `roundhook check`.")
