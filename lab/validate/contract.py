"""The properties that objects of each class may have, and of which type each is.

AudioHardwareBase.h and AudioServerPlugIn.h as a table, for checks that ask a driver without a host
between: how many bytes a value must have, and in which scopes it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

SIZES = {
    "u32": 4,
    "f32": 4,
    "f64": 8,
    "pair": 8,
    "string": 8,
    "url": 8,
    "plist": 8,
    "range": 16,
    "format": 40,
    "ranged-format": 56,
    "custom": 12,
    "layout": 0,
}
"""Bytes of a value, or of an element of a list; 0: it depends."""
REFERENCES = {"string": "CFString", "url": "CFURL", "plist": ""}
"""Types that are given as a reference, and what it must be one of; empty: any property list."""
BASES = {
    "aplg": "aobj",
    "trpm": "aplg",
    "abox": "aobj",
    "adev": "aobj",
    "aclk": "aobj",
    "edev": "adev",
    "endp": "adev",
    "astr": "aobj",
    "actl": "aobj",
    "vlme": "levl",
    "subv": "levl",
    "mute": "togl",
    "solo": "togl",
    "jack": "togl",
    "phan": "togl",
    "phsi": "togl",
    "clip": "togl",
    "talb": "togl",
    "lsnb": "togl",
    "subm": "togl",
    "dsrc": "slct",
    "dest": "slct",
    "clck": "slct",
    "nlvl": "slct",
    "hipf": "slct",
    "levl": "actl",
    "togl": "actl",
    "slct": "actl",
    "sldr": "actl",
    "span": "actl",
}
"""Base class by class: all standard classes that a driver's objects can be of."""
_GLOBAL = ("glob",)
_EACH = ("glob", "inpt", "outp")
_TABLE: dict[str, tuple[str, ...]] = {
    # selector=type; [] is a list, * also by scope, (...) what it needs to be asked with
    "aobj": (
        *("bcls=u32", "clas=u32", "stdv=u32", "lnam=string", "lmod=string", "lmak=string"),
        *("ownd=u32[]*", "iden=u32", "snum=string", "fwvn=string", "cust=custom[]"),
    ),
    "aplg": (
        *("piid=string", "dev#=u32[]", "uidd=u32(uid)", "box#=u32[]", "uidb=u32(uid)"),
        *("clk#=u32[]", "uidc=u32(uid)", "rsrc=string"),
    ),
    "trpm": ("end#=u32[]", "uide=u32(uid)", "tran=u32"),
    "abox": (
        *("buid=string", "tran=u32", "bhau=u32", "bhvi=u32", "bhmi=u32", "bpro=u32"),
        *("bxon=u32", "bxof=u32", "bdv#=u32[]", "bcl#=u32[]"),
    ),
    "adev": (
        *("capp=string", "uid =string", "muid=string", "tran=u32", "akin=u32[]", "clkd=u32"),
        *("livn=u32", "goin=u32", "dflt=u32*", "sflt=u32*", "ltnc=u32*", "stm#=u32[]*"),
        *("ctrl=u32[]*", "saft=u32*", "nsrt=f64", "nsr#=range[]", "icon=url", "hidn=u32"),
        *("dch2=pair*", "srnd=layout*", "ring=u32", "clok=u32", "cstb=u32", "resc=u32"),
        "resf=u32",
    ),
    "aclk": (
        *("cuid=string", "tran=u32", "clkd=u32", "livn=u32", "goin=u32", "ltnc=u32"),
        *("ctrl=u32[]", "nsrt=f64", "nsr#=range[]"),
    ),
    "edev": ("acom=plist", "agrp=u32[]", "priv=u32"),
    "astr": (
        *("sact=u32", "sdir=u32", "term=u32", "schn=u32", "ltnc=u32", "sfmt=format"),
        *("sfma=ranged-format[]", "pft =format", "pfta=ranged-format[]"),
    ),
    "actl": ("cscp=u32", "celm=u32"),
    "sldr": ("sdrv=u32", "sdrr=pair"),
    "levl": ("lcsv=f32", "lcdv=f32", "lcdr=range", "lcsd=f32(input)", "lcds=f32(input)"),
    "togl": ("bcvl=u32",),
    "slct": ("scci=u32[]", "scai=u32[]", "scin=string(item)", "clkk=u32(item)"),
    "span": ("spcv=f32", "spcc=pair"),
}


@dataclass(frozen=True)
class Property:
    """What a property is by the contract.

    Attributes
    ----------
    selector
        Four characters.
    type
        A key of `SIZES`.
    is_list
        Whether it has any number of them.
    scopes
        In which it may be asked for.
    needs
        ``"uid"`` or ``"item"``: a qualifier; ``"input"``: a number in the buffer; empty: nothing.
    """

    selector: str
    type: str
    is_list: bool = False
    scopes: tuple[str, ...] = _GLOBAL
    needs: str = ""

    @property
    def size(self) -> int:
        """Bytes of the value, or of one element; 0: it depends."""
        return SIZES[self.type]

    @property
    def is_reference(self) -> bool:
        """Whether the value is a CoreFoundation object."""
        return self.type in REFERENCES

    def fits(self, size: int) -> bool:
        """Whether a value can have that many bytes."""
        if self.type == "layout":
            return size >= 12 and (size - 12) % 20 == 0
        return size % self.size == 0 if self.is_list else size == self.size


def ancestors(class_id: str) -> Iterator[str]:
    """The class, its base class, and so on; of a class that is not standard only itself."""
    yield class_id
    while class_id in BASES:
        class_id = BASES[class_id]
        yield class_id


def is_a(class_id: str, base_class: str, wanted: str) -> bool:
    """Whether an object that says this class and base class is of a wanted one."""
    return wanted in ancestors(class_id) or wanted in ancestors(base_class)


@cache
def properties_of(class_id: str, base_class: str = "aobj") -> tuple[Property, ...]:
    """All that objects of a class may have; of a class that is not standard, its base class's."""
    known = class_id if class_id in BASES else base_class
    chain = [one for one in ancestors(known) if one in _TABLE]
    found: dict[str, Property] = {}
    for one in (*chain, "aobj"):
        for row in _TABLE[one]:
            found.setdefault(row[:4], _parse(row))
    return tuple(found.values())


def all_properties() -> Iterator[Property]:
    """Those of all classes."""
    return (_parse(row) for rows in _TABLE.values() for row in rows)


def _parse(row: str) -> Property:
    selector, rest = row[:4], row[5:]
    rest, _, needs = rest.rstrip(")").partition("(")
    is_scoped, is_list = rest.endswith("*"), "[]" in rest
    return Property(
        selector=selector,
        type=rest.rstrip("*").removesuffix("[]"),
        is_list=is_list,
        scopes=_EACH if is_scoped else _GLOBAL,
        needs=needs,
    )
