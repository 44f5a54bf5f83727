"""Pickles, read as data.

A pickle is a program: Python's own reader imports the functions that it names, and calls them. This one calls nothing. It knows the
instructions that lists, tuples, dicts, texts, numbers and numpy's arrays are made of, and of names those that numpy gives its arrays; whatever
else is named ends the reading. Everything it makes is made of bytes that are there, so it takes memory in proportion to them.

Source: Python's module pickletools, which describes the instructions; protocols 2 to 5.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from .pickled_arrays import NAMES, Named, NumberType, Slot, UnreadablePickle, array_of, empty_array, value_of

_MARK = object()


class _Reader:
    """The state of a reading: what was made and not used yet, and what may be referred to again."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.view = memoryview(content)
        self.at = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def take(self, count: int) -> memoryview:
        end = self.at + count
        if count < 0 or end > len(self.content):
            raise UnreadablePickle("it is cut off")
        taken = self.view[self.at : end]
        self.at = end
        return taken

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> str:
        end = self.content.find(b"\n", self.at, self.at + 1000)
        if end < 0:
            raise UnreadablePickle("a name has no end")
        text = self.content[self.at : end].decode("utf-8", "replace")
        self.at = end + 1
        return text

    def pop(self) -> Any:
        if not self.stack or self.stack[-1] is _MARK:
            raise UnreadablePickle("it uses what it has not made")
        return self.stack.pop()

    def pop_to_mark(self) -> list[Any]:
        for at in range(len(self.stack) - 1, -1, -1):
            if self.stack[at] is _MARK:
                items = self.stack[at + 1 :]
                del self.stack[at:]
                return items
        raise UnreadablePickle("it uses what it has not made")

    def top(self, kind: type) -> Any:
        if not self.stack or type(self.stack[-1]) is not kind:
            raise UnreadablePickle(f"it adds to something that is no {kind.__name__}")
        return self.stack[-1]

    def put(self, key: int) -> None:
        if not self.stack or self.stack[-1] is _MARK:
            raise UnreadablePickle("it keeps what it has not made")
        self.memo[key] = self.stack[-1]

    def get(self, key: int) -> None:
        if key not in self.memo:
            raise UnreadablePickle("it refers to what it has not made")
        self.stack.append(self.memo[key])

    def set_items(self, items: list[Any]) -> None:
        into = self.top(dict)
        if len(items) % 2 != 0:
            raise UnreadablePickle("a key has no value")
        for key, value in zip(items[::2], items[1::2]):
            if type(key) is not str:
                raise UnreadablePickle(f"a dict's key is of type {type(key).__name__}: keys are texts")
            into[key] = value

    def named(self, module: Any, name: Any) -> None:
        known = NAMES.get(f"{module} {name}")
        if known is None:
            full = f"{module}.{name}"[:120]
            raise UnreadablePickle(f"it names {full!r}, which a pickle of arrays does not need: nothing of it was run")
        self.stack.append(known)

    def reduce(self) -> None:
        args, named = self.pop(), self.pop()
        if not isinstance(named, Named) or type(args) is not tuple:
            raise UnreadablePickle("it calls something that is no function")
        try:
            made = named.make(*map(value_of, args))
        except TypeError:
            raise UnreadablePickle(f"it calls {named.name} with other arguments than numpy") from None
        self.stack.append(Slot() if named.make is empty_array else made)

    def build(self) -> None:
        state = self.pop()
        made = self.stack[-1] if self.stack else None
        if type(state) is not tuple:
            raise UnreadablePickle("an object's state is no tuple")
        if isinstance(made, Slot) and len(state) == 5:
            _, shape, kind, by_columns, content = map(value_of, state)
            made.array = array_of(content, kind, shape, bool(by_columns))
        elif isinstance(made, NumberType) and len(state) >= 5 and state[2:5] == (None, None, None) and state[1] in ("<", ">", "=", "|"):
            made.dtype = made.dtype.newbyteorder(state[1])
        else:
            raise UnreadablePickle("it sets the state of something that is neither an array nor a type of numbers")


def read_pickle(content: bytes) -> Any:
    """What a pickle holds.

    Raises:
        UnreadablePickle: it is none, is cut off, or holds something else than arrays in lists, tuples and dicts.
    """
    reader = _Reader(content)
    if content[:1] != b"\x80":
        raise UnreadablePickle("it is no pickle of protocol 2 to 5")
    while True:
        code = bytes(reader.take(1))
        if code == b".":
            return value_of(reader.pop())
        do = _INSTRUCTIONS.get(code)
        if do is None:
            raise UnreadablePickle(f"instruction {code!r} at byte {reader.at - 1:,} is none that a pickle of arrays needs: nothing of it was run")
        do(reader)


def _protocol(reader: _Reader) -> None:
    protocol = reader.number("<B")
    if not 2 <= protocol <= 5:
        raise UnreadablePickle(f"it is of protocol {protocol}: 2 to 5 are read")


def _text(form: str) -> Callable[[_Reader], None]:
    def read(reader: _Reader) -> None:
        try:
            reader.stack.append(str(reader.take(reader.number(form)), "utf-8"))
        except UnicodeDecodeError:
            raise UnreadablePickle("a text is no UTF-8") from None

    return read


def _bytes(form: str) -> Callable[[_Reader], None]:
    return lambda reader: reader.stack.append(reader.take(reader.number(form)))


def _plain(form: str) -> Callable[[_Reader], None]:
    return lambda reader: reader.stack.append(reader.number(form))


def _long(form: str) -> Callable[[_Reader], None]:
    def read(reader: _Reader) -> None:
        size = reader.number(form)
        if size > 64:
            raise UnreadablePickle(f"a whole number has {size} bytes")
        reader.stack.append(int.from_bytes(reader.take(size), "little", signed=True))

    return read


def _constant(value: Any) -> Callable[[_Reader], None]:
    return lambda reader: reader.stack.append(value)


def _tuple(count: int) -> Callable[[_Reader], None]:
    def make(reader: _Reader) -> None:
        items = [reader.pop() for _ in range(count)]
        reader.stack.append(tuple(reversed(items)))

    return make


def _append(reader: _Reader) -> None:
    item = reader.pop()
    reader.top(list).append(item)


def _appends(reader: _Reader) -> None:
    items = reader.pop_to_mark()
    reader.top(list).extend(items)


def _set_item(reader: _Reader) -> None:
    value, key = reader.pop(), reader.pop()
    reader.set_items([key, value])


def _dict(reader: _Reader) -> None:
    items = reader.pop_to_mark()
    reader.stack.append({})
    reader.set_items(items)


def _stack_global(reader: _Reader) -> None:
    name, module = reader.pop(), reader.pop()
    reader.named(module, name)


def _global(reader: _Reader) -> None:
    module = reader.line()
    reader.named(module, reader.line())


_INSTRUCTIONS: dict[bytes, Callable[[_Reader], Any]] = {
    b"\x80": _protocol,
    b"\x95": lambda reader: reader.take(8),  # the size of a frame, of use to those who read from a socket
    b"(": _constant(_MARK),
    b"0": lambda reader: reader.pop(),
    b"1": lambda reader: reader.pop_to_mark(),
    b"N": _constant(None),
    b"\x88": _constant(True),
    b"\x89": _constant(False),
    b"J": _plain("<i"),
    b"K": _plain("<B"),
    b"M": _plain("<H"),
    b"\x8a": _long("<B"),
    b"\x8b": _long("<i"),
    b"G": _plain(">d"),
    b"X": _text("<I"),
    b"\x8c": _text("<B"),
    b"\x8d": _text("<Q"),
    b"B": _bytes("<I"),
    b"C": _bytes("<B"),
    b"\x8e": _bytes("<Q"),
    b"\x96": _bytes("<Q"),
    b"]": lambda reader: reader.stack.append([]),
    b"}": lambda reader: reader.stack.append({}),
    b")": _constant(()),
    b"\x85": _tuple(1),
    b"\x86": _tuple(2),
    b"\x87": _tuple(3),
    b"t": lambda reader: reader.stack.append(tuple(reader.pop_to_mark())),
    b"l": lambda reader: reader.stack.append(reader.pop_to_mark()),
    b"d": _dict,
    b"a": _append,
    b"e": _appends,
    b"s": _set_item,
    b"u": lambda reader: reader.set_items(reader.pop_to_mark()),
    b"h": lambda reader: reader.get(reader.number("<B")),
    b"j": lambda reader: reader.get(reader.number("<I")),
    b"q": lambda reader: reader.put(reader.number("<B")),
    b"r": lambda reader: reader.put(reader.number("<I")),
    b"\x94": lambda reader: reader.put(len(reader.memo)),
    b"c": _global,
    b"\x93": _stack_global,
    b"R": lambda reader: reader.reduce(),
    b"b": lambda reader: reader.build(),
}
