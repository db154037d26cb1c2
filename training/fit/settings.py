"""Settings as they are given to a command: a named configuration, and changes to it."""

import dataclasses
import json

from training.config import NAMED, Config


def parse_settings(settings: list[str], named: str = "default") -> Config:
    """The configuration `named`, changed by `NAME=VALUE` pairs whose values are JSON. Raises ValueError."""
    if named not in NAMED:
        raise ValueError(f"--config {named}: expected one of {', '.join(NAMED)}")
    known = {f.name for f in dataclasses.fields(Config)}
    changes = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in known or not value:
            raise ValueError(f"--set {setting}: expected NAME=VALUE with NAME one of {', '.join(sorted(known))}")
        default = getattr(Config(), name)
        try:
            parsed = json.loads(value)
        except json.JSONDecodeError:
            parsed = value
        parsed = tuple(parsed) if isinstance(parsed, list) else parsed
        # bool is an int in Python, and an int is a fine float.
        fits = type(parsed) is type(default) or (type(default) is float and type(parsed) is int)
        if not fits or (type(default) is tuple and len(parsed) != len(default)):
            raise ValueError(f"--set {setting}: expected a value like the default, {json.dumps(default)}")
        changes[name] = parsed
    return dataclasses.replace(Config(), **(NAMED[named] | changes))
