#!/usr/bin/env python3
"""Writes the seed inputs of tests/fuzz/corpus anew: tests/fuzz/make_corpus.py. Small files by hand or from the golden
bytes of the Kafka codec; what a fuzzer finds interesting later stays in build/fuzz/corpus."""
import random
import re
import struct
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "unit" / "kafka" / "golden.hex"
API_LIST = HERE.parent.parent / "src" / "kafka" / "api.h"
# API(key, name, ...): the first byte of an input of the fuzzer is twice the key, and one more for the response.
KEYS = {name: int(key) for key, name in re.findall(r"API\((\d+), (\w+),", API_LIST.read_text())}
# Embedded messages have numbers of their own; see kafka.cc.
EMBEDDED = {"ConsumerProtocolAssignment": 240, "ConsumerProtocolSubscription": 241}


def put(fuzzer, name, content):
    folder = HERE / "corpus" / fuzzer
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def kafka():
    """The first, a middle and the last version of each message, with everything in it that it can hold."""
    found = {}
    for line in GOLDEN.read_text().splitlines():
        message, version, variant, body = (line.split(" ") + [""])[:4]
        if variant == "full":
            found.setdefault(message, {})[int(version)] = bytes.fromhex(body)
    for message, versions in found.items():
        ordered = sorted(versions)
        number = EMBEDDED.get(message)
        if number is None:
            number = 2 * KEYS[re.sub("Request$|Response$", "", message)] + message.endswith("Response")
        for version in {ordered[0], ordered[len(ordered) // 2], ordered[-1]}:
            put("kafka", f"{message}-{version}", bytes([number, version]) + versions[version])
    put("kafka_header", "old", struct.pack(">hhih", 3, 1, 7, 6) + b"client" + bytes(4))
    put("kafka_header", "flexible", struct.pack(">hhih", 18, 3, 7, 6) + b"client" + b"\0" + b"\x05abcd\x02\x31\0")
    put("kafka_header", "unknown", struct.pack(">hhih", 999, 99, 7, -1))


def varint(value):
    value = (value << 1) ^ (value >> 63)
    out = b""
    while value >= 0x80:
        out += bytes([0x80 | value & 0x7F])
        value >>= 7
    return out + bytes([value])


def record(delta, key, value):
    body = b"\0" + varint(delta) + varint(delta)
    for part in (key, value):
        body += varint(-1) if part is None else varint(len(part)) + part
    body += varint(1) + varint(1) + b"h" + varint(2) + b"hv"
    return varint(len(body)) + body


def batch(records, count, attributes=0, producer=-1):
    after_crc = struct.pack(">hiqqqhii", attributes, count - 1, 1000, 1000 + count, producer, 0 if producer >= 0 else -1,
                            0 if producer >= 0 else -1, count) + records
    return struct.pack(">qiibI", 0, 9 + len(after_crc), 0, 2, 0) + after_crc


def record_batches():
    import gzip
    plain = record(0, b"key", b"value") + record(1, None, b"x" * 40) + record(2, b"", None)
    put("record_batch", "plain", batch(plain, 3))
    put("record_batch", "producer", batch(plain, 3, producer=5))
    put("record_batch", "gzip", batch(gzip.compress(plain, mtime=0), 3, attributes=1))
    raw = bytes([len(plain)]) if len(plain) < 128 else bytes([0x80 | len(plain) & 0x7F, len(plain) >> 7])
    literal = raw + bytes([60 << 2, len(plain) - 1]) + plain  # one block of snappy: a literal
    put("record_batch", "snappy", batch(literal, 3, attributes=2))
    xerial = b"\x82SNAPPY\0" + struct.pack(">iii", 1, 1, len(literal)) + literal
    put("record_batch", "snappy-java", batch(xerial, 3, attributes=2))
    lz4 = bytes.fromhex("04224d18604082") + struct.pack("<I", 0x80000000 | len(plain)) + plain + bytes(4)
    put("record_batch", "lz4", batch(lz4, 3, attributes=3))
    zstd = bytes.fromhex("28b52ffd20") + bytes([len(plain)]) + struct.pack("<I", len(plain) << 3 | 1)[:3] + plain
    put("record_batch", "zstd", batch(zstd, 3, attributes=4))
    put("record_batch", "control", batch(plain, 3, attributes=32))


def storage():
    """Changes of a store (kind, file, two bytes where, what) and lists of WAL records."""
    chance = random.Random(1)
    for kind in range(7):
        for i in range(3):
            change = bytes([kind, chance.randrange(256)]) + struct.pack("<H", chance.randrange(2048)) + bytes([1 << i])
            put("store", f"kind{kind}-{i}", change)
    put("store", "two", bytes([0, 4, 9, 0, 1, 1, 5, 200, 0, 0]))
    state = bytes([3, 1, 1, 1, 0, 0]) + bytes(3) + bytes(3) + bytes(2)
    append = bytes([1, 1, 1, 1, 0, 1, 1, 8])
    put("wal_records", "state", b"\0" + state)
    put("wal_records", "log", b"\3" + state + append + bytes([1, 1, 2, 1, 1, 1, 1, 8]) + bytes([5, 1]))
    put("wal_records", "reset", b"\2" + state + append + bytes([4, 1, 2, 1, 9, 1, 5, 2, 5, 5, 2, 5, 0, 0]))
    put("wal_records", "segments", b"\0" + bytes([3, 1, 2, 1, 0, 0, 0, 0, 0, 9, 2, 9, 1, 240]) + struct.pack("<Q", 4096))
    put("storage_formats", "batch", b"KWB1" + bytes(44))
    put("storage_formats", "append", b"\1" + struct.pack("<QQQqqIB3xI", 1, 1, 1, 0, 5, 1, 1, 3) + b"abc")


def text():
    put("http", "get", b"\x07GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
    put("http", "post", b"\x03POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
    put("http", "chunked", b"\x09POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n")
    put("config", "full", b"node-id: 3\ndata: ./d\nkafka: localhost:1\npeer: '[::1]:2'\nhttp: h:3\n"
        b"seeds:\n  - a:1\n  - b:2\nshards: 2\nlog-level: debug\nauto-create-topics: false\n")
    put("config", "anchors", b"a: &x [1, 2]\nseeds: *x\nnode-id: 99999999999\n")
    put("config", "nested", b"seeds: [[[[[a:1]]]]]\n? x\n: y\n")


def frame(kind, meta, payload=b""):
    return struct.pack("<BI", kind, len(meta)) + meta + payload


def lists(*elements):
    return struct.pack("<I", len(elements)) + b"".join(elements)


def text_field(content):
    return struct.pack("<I", len(content)) + content


def peer_frames():
    """docs/format/peer.md"""
    def message(body, fields, headers=lists()):
        return struct.pack("<QiiQB", 5, 2, 1, 4, body) + fields + headers

    members = struct.pack("<Q", 1) + lists(struct.pack("<i", 1), struct.pack("<i", 2)) + lists() + lists(struct.pack("<i", 3))
    header = struct.pack("<IQQqqIB", 3, 4, 4, 9, 1000, 1, 1)
    append = struct.pack("<QQQ", 3, 3, 1) + lists(struct.pack("<QQ", 4, 4)) + lists()
    bodies = [message(1, struct.pack("<BBQQ", 0, 1, 3, 3)), message(2, b"\0\1"),
              message(3, append + struct.pack("<QQQ", 3, 1, 0), lists(header)),
              message(4, struct.pack("<BQQQQQ", 1, 3, 3, 2, 1, 9)), message(5, b""), message(6, b"")]
    for i, body in enumerate(bodies):
        put("peer_frame", f"message{i + 1}", frame(4, lists(body), b"abc" if i == 2 else b""))
    put("peer_frame", "messages", frame(4, lists(*bodies), b"abc"))
    put("peer_frame", "hello", frame(1, struct.pack("<IHiii", 0x504B4E4B, 2, 1, -2, -3) + bytes(48)))
    put("peer_frame", "reply", frame(2, struct.pack("<Bi", 0, 1) + text_field(b"no")))
    put("peer_frame", "heartbeat", frame(3, struct.pack("<Q", 9)))
    put("peer_frame", "leaders", frame(5, lists(struct.pack("<QQi", 5, 4, 1) + lists(struct.pack("<i", 1)))))
    put("peer_frame", "snapshot", frame(6, struct.pack("<QiiQQQqQ", 5, 1, 2, 4, 3, 3, 7, 4) + members, b"state"))
    put("peer_frame", "done", frame(7, struct.pack("<QiiB", 5, 2, 1, 1)))
    put("peer_frame", "call", frame(8, struct.pack("<Q", 1), b"request"))
    put("peer_frame", "answer", frame(9, struct.pack("<Q", 1), b"answer"))


def state_machines():
    """docs/format/metadata-snapshot.md and partition-snapshot.md, without the checksum that the fuzzer adds."""
    uuid, two = bytes(range(1, 17)), bytes(range(2, 18))
    node = struct.pack("<i", 1) + uuid + text_field(b"h") + struct.pack("<H", 9092) + text_field(b"h:1") \
        + struct.pack("<i", 0) + text_field(b"r") + struct.pack("<Q", 1)
    settings = lists(text_field(b"retention.ms") + text_field(b"1"))
    replicas = lists(struct.pack("<i", 1))
    commands = [uuid, node, text_field(b"topic") + two + settings + lists(replicas, replicas), two,
                two + struct.pack("<i", 1) + lists(replicas), two + settings + lists(text_field(b"x")),
                struct.pack("<ii", 1, 1000), two + struct.pack("<i", 0) + replicas, two + struct.pack("<iQQ", 0, 1, 3)]
    for i, fields in enumerate(commands):
        put("metadata", f"command{i + 1}", bytes([0, 1, i + 1]) + uuid + fields)
    partition = struct.pack("<Q", 1) + replicas + replicas + lists(struct.pack("<iQQ", 1, 1, 3)) + struct.pack("<QQB", 1, 3, 0)
    topic = two + text_field(b"topic") + settings + lists(partition)
    request = uuid + b"\0" + two + struct.pack("<qi", -1, 0)
    put("metadata", "snapshot", b"\1KPMS" + struct.pack("<HQ", 2, 9) + uuid + struct.pack("<Qq", 2, 1000) + lists(node)
        + lists(topic) + lists(request))
    put("partition", "delete", b"\0" + bytes([1, 1]) + struct.pack("<q", 7))
    put("partition", "expire", b"\0" + bytes([1, 2]))
    producer = struct.pack("<qQhB", 5, 1, 0, 1) + struct.pack("<iiqqq", 0, 4, 10, 14, 1000)
    put("partition", "snapshot", b"\1KPSP" + struct.pack("<HQQqq", 1, 9, 2, 20, 3)
        + lists(struct.pack("<Qq", 1, 0), struct.pack("<Qq", 2, 12)) + struct.pack("<Q", 1) + lists(producer))


def groups():
    """docs/format/group-snapshot.md, without the checksum that the fuzzer adds."""
    def number(value):
        return struct.pack("<i", value)
    subscription = struct.pack(">hih", 0, 1, 1) + b"t" + b"\xff" * 4
    g, m = text_field(b"g"), text_field(b"m")
    member = m + b"\1" + text_field(b"i") + text_field(b"c") + text_field(b"h") + number(10000) + number(60000) \
        + lists(text_field(b"range") + text_field(subscription)) + text_field(b"p")
    place = text_field(b"t") + number(0)
    offset = place + struct.pack("<qi", 7, 1) + text_field(b"note") + struct.pack("<qq", 5, -1) + bytes(16)
    consumer = text_field(b"consumer") + text_field(b"range") + m
    commands = [g + number(1) + struct.pack("<q", 5) + consumer + lists(member), g + number(1) + lists(m + text_field(b"p")),
                g + m + member, g + lists(offset), g + lists(place), g, text_field(b"t") + bytes(16),
                g + struct.pack("<qq", 1 << 40, 1000)]
    for i, fields in enumerate(commands):
        put("group", f"command{i + 1}", bytes([0, 1, i + 1]) + fields)
    stable = g + b"\4" + number(1) + consumer + struct.pack("<q", -1) + lists(member) + lists(offset)
    empty = text_field(b"h") + b"\1" + number(3) + text_field(b"consumer") + text_field(b"") * 2 + struct.pack("<q", 5) \
        + lists() + lists(offset)
    put("group", "snapshot", b"\1KPGS" + struct.pack("<HQQ", 1, 9, 2) + lists(stable, empty))


if __name__ == "__main__":
    for write in (kafka, record_batches, storage, text, peer_frames, state_machines, groups):
        write()
