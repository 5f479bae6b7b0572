#!/usr/bin/env python3
"""Writes golden.hex: messages of every API and version of src/kafka/api.h, encoded from the protocol's own schemas.

    make_golden.py <folder with FetchRequest.json, FetchResponse.json, ...> > tests/unit/kafka/golden.hex

The schemas are the JSON files of Apache Kafka's clients/src/main/resources/common/message. This is an encoder of its
own, read off the schemas, that shares nothing with src/kafka: the test of the C++ codec against it is worth that much.

Each line: message, version, variant, hex of the body. Variants:
    zero  every field at the schema's default, arrays empty
    bare  as zero, but arrays that every version has hold one element
    tags  as zero, but with the tagged fields written out although they are at their default
    full  every field set, arrays with elements, tagged fields present
    null  as full, but whatever may be null is null
"""

import json
import pathlib
import re
import struct
import sys

INTS = {"int8": ">b", "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q"}
EVERY = 32767


def versions(text):
    """'3+', '0-12', '7' or 'none' as a range."""
    if text in (None, "none"):
        return range(0)
    if text.endswith("+"):
        return range(int(text[:-1]), EVERY + 1)
    low, _, high = text.partition("-")
    return range(int(low), int(high or low) + 1)


def uvarint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


class Values:
    """The values of the full variant: all different, with both signs, and some texts longer than 127 bytes."""

    def __init__(self):
        self.count = 0

    def next(self):
        self.count += 1
        return self.count

    def integer(self, kind):
        n = self.next()
        if kind == "int8":
            return n % 100 + 1
        size = struct.calcsize(INTS[kind])
        value = int.from_bytes(bytes([n % 120 + 1] * (size - 1) + [n % 250]), "big")
        return -value if n % 3 == 0 and kind.startswith("i") else value

    def text(self):
        n = self.next()
        return f"t{n}\u00e9" + ("." * 130 if n % 17 == 0 else "")


class Encoder:
    def __init__(self, schema, codec, version, variant):
        self.codec = codec
        self.version = version
        self.variant = variant
        self.flexible = version in versions(schema["flexibleVersions"])
        self.common = {s["name"]: s["fields"] for s in schema.get("commonStructs", [])}
        self.values = Values()
        self.sample = variant in ("full", "null")

    def length(self, n):
        """The length of bytes or of an array; None is null."""
        if self.flexible:
            return uvarint(0 if n is None else n + 1)
        return struct.pack(">i", -1 if n is None else n)

    def string(self, text):
        raw = None if text is None else text.encode()
        n = None if raw is None else len(raw)
        if self.flexible:
            return uvarint(0 if n is None else n + 1) + (raw or b"")
        return struct.pack(">h", -1 if n is None else n) + (raw or b"")

    def scalar(self, kind, default):
        """A string, bytes, number, bool or uuid; default is the schema's text, or None."""
        if kind == "string":
            return self.string(self.values.text() if self.sample else default or "")
        if kind in ("bytes", "records"):
            raw = bytes(range(self.values.next() % 7 + 3)) if self.sample else b""
            return self.length(len(raw)) + raw
        if kind == "bool":
            value = True if self.sample else str(default).lower() == "true"
            return bytes([value])
        if kind == "uuid":
            return bytes((self.values.next() + i) % 256 for i in range(16)) if self.sample else bytes(16)
        if kind == "float64":
            return struct.pack(">d", self.values.next() / 4 if self.sample else float(default or 0))
        value = self.values.integer(kind) if self.sample else int(str(default or 0), 0)
        return struct.pack(INTS[kind], value)

    def value(self, field, depth):
        kind = field["type"]
        default = field.get("default")
        nullable = self.version in versions(field.get("nullableVersions"))
        null = nullable and (self.variant == "null" or (not self.sample and default == "null"))
        if kind == "records" and nullable and not self.sample:
            null = True
        fields = field.get("fields")
        if kind.startswith("[]"):
            if null:
                return self.length(None)
            inner = kind[2:]
            fields = fields or self.common.get(inner)
            count = self.elements(field, depth)
            out = self.length(count)
            for _ in range(count):
                out += self.struct(fields, depth + 1) if fields else self.scalar(inner, None)
            return out
        fields = fields or self.common.get(kind)
        if fields:
            marker = b"" if not field.get("nullableVersions") else (b"\xff" if null else b"\x01")
            return marker if null else marker + self.struct(fields, depth)
        if null:
            return self.string(None) if kind == "string" else self.length(None)
        return self.scalar(kind, None if default == "null" else default)

    def elements(self, field, depth):
        if self.sample:
            return 2 if depth < 2 else 1
        present = versions(field["versions"])
        return int(self.variant == "bare" and all(v in present for v in self.codec) and "tag" not in field)

    def struct(self, fields, depth):
        out = b""
        tagged = {}
        for field in fields:
            # A nested field with no version of its own is in all of its struct's.
            if self.version not in versions(field.get("versions", "0+")):
                continue
            if self.version in versions(field.get("taggedVersions")):
                value = self.value(field, depth)
                if self.variant not in ("zero", "bare") and not self.null_by_default(field):
                    tagged[field["tag"]] = value
            else:
                out += self.value(field, depth)
        if not self.flexible:
            return out
        out += uvarint(len(tagged))
        for tag in sorted(tagged):
            out += uvarint(tag) + uvarint(len(tagged[tag])) + tagged[tag]
        return out

    def null_by_default(self, field):
        """A tagged field that the null variant leaves at its default, so that it is left out like any other."""
        return self.variant == "null" and "nullableVersions" in field and field.get("default") == "null"


def apis(header):
    pattern = r"API\((\d+), (\w+), (\d+), (\d+), (\d+), (\d+), (\w+)\)"
    for key, name, _, _, low, high, flexible in re.findall(pattern, header):
        yield int(key), name, range(int(low), int(high) + 1), flexible


def embedded(header):
    for name, low, high in re.findall(r"MESSAGE\((\w+), (\d+), (\d+)\)", header):
        yield name, range(int(low), int(high) + 1)


def write(name, schema, codec, flexible):
    first = versions(schema["flexibleVersions"])
    assert flexible == (str(first.start) if first else "kNeverFlexible"), f"{name}: flexible since {first}"
    for version in codec:
        assert version in versions(schema["validVersions"]), f"{name} has no version {version}"
        for variant in ("zero", "bare", "tags", "full", "null"):
            body = Encoder(schema, codec, version, variant).struct(schema["fields"], 0)
            print(name, version, variant, body.hex())


def main():
    schemas = pathlib.Path(sys.argv[1])
    header = (pathlib.Path(__file__).parents[3] / "src/kafka/api.h").read_text()
    for key, api, codec, flexible in apis(header):
        for half in ("Request", "Response"):
            schema = json.loads((schemas / f"{api}{half}.json").read_text())
            assert schema["apiKey"] == key, api
            write(api + half, schema, codec, flexible)
    for name, codec in embedded(header):
        write(name, json.loads((schemas / f"{name}.json").read_text()), codec, "kNeverFlexible")


if __name__ == "__main__":
    main()
