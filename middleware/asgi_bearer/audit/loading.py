"""The app that a command line names, as `module:attribute`."""

import importlib
import inspect
import sys
from functools import reduce
from pathlib import Path
from typing import Any


class NotLoaded(Exception):
    """Nothing there, said in a sentence."""


def load_app(name: str) -> Any:
    """The app, or what a function without parameters returns. Raises NotLoaded, and what the module raises."""
    module_name, colon, attribute = name.partition(":")
    if not (module_name and colon and attribute):
        raise NotLoaded(f"{name!r} is no app; write module:attribute, such as demo.app:app")
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise  # a module that the app itself lacks
        raise NotLoaded(f"there is no module {error.name!r} here") from error
    try:
        app = reduce(getattr, attribute.split("."), module)
    except AttributeError as error:
        raise NotLoaded(f"{module_name} has no {attribute}") from error
    if inspect.isfunction(app) and not inspect.signature(app).parameters:
        app = app()
    if not callable(app) or inspect.isclass(app):
        raise NotLoaded(f"{name} is a {type(app).__name__}, not an ASGI app")
    return app
