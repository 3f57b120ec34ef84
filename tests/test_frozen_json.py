"""JSON that requests may share: it is equal to what it was made of, and nothing changes it."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from asgi_bearer.tokens.frozen_json import FrozenArray, FrozenObject, frozen_object

PLAIN: dict[str, Any] = {"sub": "suman", "aud": ["a", "b"], "realm": {"roles": ["x", {"deep": [1]}]}, "n": None}


def test_it_is_equal_and_goes_as_JSON() -> None:
    frozen = frozen_object(PLAIN)
    assert frozen == PLAIN
    assert json.loads(json.dumps(frozen)) == PLAIN
    assert isinstance(frozen["realm"], FrozenObject)
    assert isinstance(frozen["realm"]["roles"][1]["deep"], FrozenArray)


CHANGES: dict[str, Callable[[Any], Any]] = {
    "setitem": lambda json: json.__setitem__("sub", "root"),
    "delitem": lambda json: json.__delitem__("sub"),
    "ior": lambda json: json.__ior__({"sub": "root"}),
    "clear": lambda json: json.clear(),
    "pop": lambda json: json.pop("sub"),
    "popitem": lambda json: json.popitem(),
    "setdefault": lambda json: json.setdefault("admin", True),
    "update": lambda json: json.update(sub="root"),
    "array setitem": lambda json: json["aud"].__setitem__(0, "x"),
    "array slice": lambda json: json["aud"].__setitem__(slice(None), []),
    "array delitem": lambda json: json["aud"].__delitem__(0),
    "array iadd": lambda json: json["aud"].__iadd__(["x"]),
    "array imul": lambda json: json["aud"].__imul__(2),
    "array append": lambda json: json["aud"].append("x"),
    "array clear": lambda json: json["aud"].clear(),
    "array extend": lambda json: json["aud"].extend(["x"]),
    "array insert": lambda json: json["aud"].insert(0, "x"),
    "array pop": lambda json: json["aud"].pop(),
    "array remove": lambda json: json["aud"].remove("a"),
    "array reverse": lambda json: json["aud"].reverse(),
    "array sort": lambda json: json["aud"].sort(),
    "deep": lambda json: json["realm"]["roles"].append("admin"),
    "attribute": lambda json: setattr(json, "sub", "root"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_changes_it(change: str) -> None:
    frozen = frozen_object(PLAIN)
    with pytest.raises((TypeError, AttributeError)):
        CHANGES[change](frozen)
    assert frozen == PLAIN


def test_every_method_that_changes_a_dict_or_a_list_is_closed() -> None:
    """Whatever a later Python adds is among those that plain ones have and that nobody looked at."""
    reading = {
        dict: {"copy", "fromkeys", "get", "items", "keys", "values"},
        list: {"copy", "count", "index"},
    }
    for plain, frozen in ((dict, FrozenObject), (list, FrozenArray)):
        methods = {name for name in vars(plain) if not name.startswith("_")} - reading[plain]
        assert {name for name in methods if getattr(frozen, name) is getattr(plain, name)} == set()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda json: pickle.loads(pickle.dumps(json))])
def test_a_copy_may_be_changed(copied: Callable[[Any], Any]) -> None:
    mine = copied(frozen_object(PLAIN))
    mine["realm"]["roles"].append("mine")
    mine["sub"] = "me"
    assert type(mine) is dict
    assert type(mine["aud"]) is list
