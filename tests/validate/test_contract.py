"""The table of properties that checks go by."""

from __future__ import annotations

import pytest

from lab.host.locate import find_driver
from lab.host.subprocess_host import SubprocessHost
from lab.validate.checks.objects_tree import nodes
from lab.validate.contract import BASES, is_a, properties_of

AS_THE_HOST_CALLS_IT = {
    "u32": {"u32", "fourcc", "i32"},
    "pair": {"u32[]"},
    "ranged-format": {"ranged_format"},
    "layout": {"channel_layout"},
}


def test_a_mute_control_is_a_boolean_a_control_and_an_object() -> None:
    for wanted in ("mute", "togl", "actl", "aobj"):
        assert is_a("mute", "togl", wanted)
    assert not is_a("mute", "togl", "levl")


def test_a_class_of_the_drivers_own_is_what_its_base_class_is() -> None:
    assert is_a("mine", "vlme", "actl")
    assert not is_a("mine", "ours", "actl")
    assert properties_of("mine", "vlme") == properties_of("vlme")


def test_every_standard_class_has_what_every_object_has() -> None:
    for name in BASES:
        selectors = [one.selector for one in properties_of(name)]
        assert {"clas", "stdv", "ownd"} <= set(selectors)
        assert len(selectors) == len(set(selectors))


def test_sizes_fit_their_types() -> None:
    device = {one.selector: one for one in properties_of("adev")}
    assert device["nsrt"].fits(8)
    assert not device["nsrt"].fits(4)
    assert device["nsr#"].fits(0)
    assert device["nsr#"].fits(48)
    assert not device["nsr#"].fits(50)
    assert device["srnd"].fits(52)
    assert not device["srnd"].fits(50)


@pytest.mark.native
@pytest.mark.parametrize("name", ["Flawed", "Null"])
def test_types_are_those_that_the_host_has(name: str) -> None:
    with SubprocessHost() as host:
        plugin = host.load(find_driver(name)).plugin
        for node, _ in nodes(host.tree(plugin)):
            table = {one.selector: one for one in properties_of(node["class"])}
            dump = host.call("object.dump", object={"plugin": plugin, "id": node["id"]})
            assert isinstance(dump, dict)
            for address, entry in dump.items():
                one = table[address[:4]]
                told = str(entry["type"])
                type_ = told if one.type == "pair" else told.removesuffix("[]")
                assert type_ in AS_THE_HOST_CALLS_IT.get(one.type, {one.type}), address
                assert one.is_list == (told.endswith("[]") and one.type != "pair"), address
