"""Scenarios: producing, and consuming without a group."""
from _run import b64, equal, scenario

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
TIME = 1_700_000_000_000
LARGEST = 1_000_000  # bytes of a value; the broker's default limit, 1 MiB, is that of a whole batch
STREAMED = 3000
PER_SECOND = 1000


def round_trip(run, records, **options):
    """Produces records to partition 0 of a new topic and reads them back with the same client."""
    topic = run.topic(partitions=1)
    client = run.adapter()
    places = client.call("produce", topic=topic, records=[{"partition": 0, **one} for one in records], **options)["places"]
    if places is not None:
        equal(places, [[0, i] for i in range(len(records))], "places that were acknowledged")
    found = client.call("read", topic=topic, partition=0, start="earliest", count=len(records))["records"]
    equal([one[:2] for one in found], [[0, i] for i in range(len(records))], "places that were read")
    return topic, client, found


def codec_scenario(codec):
    @scenario(f"codec_{codec}", "Records", f"compression `{codec}`" if codec != "none" else "produce and consume, uncompressed",
              quick=codec in ("none", "zstd"))
    def check(run):
        records = [{"key": b64(b"key %d" % i), "value": b64(b"value %d " % i + b"paddle " * 30)} for i in range(300)]
        topic, _, found = round_trip(run, records, codec=codec)
        equal([(one[2], one[3]) for one in found], [(one["key"], one["value"]) for one in records], "keys and values")
        # Another client, too, reads what this one wrote.
        out = run.cluster.kcat(run.addresses, "-C", "-t", topic, "-e", "-o", "beginning", "-f", "%k\n").decode()
        equal(out.splitlines(), [f"key {i}" for i in range(300)], "what kcat reads")
    return check


for each in CODECS:
    codec_scenario(each)


@scenario("content", "Records", "keys, headers, timestamps, tombstones, empty keys and values", quick=True)
def content(run):
    binary = b"text" if "binary headers" in run.client.content_without else b"\x00\xff binary"
    headers = [["trace", b64(binary)], ["trace", b64(b"again")], ["empty", b64(b"")]]
    records = [
        {"key": b64(b"k"), "value": b64(b"v"), "timestamp": TIME, "headers": headers},
        {"key": b64(b"k"), "value": None, "timestamp": TIME + 1, "headers": []},
        {"key": b64(b"k"), "value": b64(b""), "timestamp": TIME + 2, "headers": []},
        {"key": None, "value": b64(b"no key"), "timestamp": TIME + 3, "headers": []},
        {"key": b64("ключ".encode()), "value": b64("значение".encode()), "timestamp": TIME + 4, "headers": []},
    ]
    without = run.client.content_without
    for one in records:
        if "headers" in without:
            one.pop("headers")
        if "timestamp" in without:
            one.pop("timestamp")
    _, _, found = round_trip(run, records)
    for one, got in zip(records, found):
        expected = [one["key"], one["value"], one.get("headers", []), one.get("timestamp", got[5])]
        equal(got[2:], expected, "key, value, headers, timestamp")


@scenario("largest", "Records", "the largest message that the broker takes by default")
def largest(run):
    value = b64((b"0123456789abcdef" * (LARGEST // 16 + 1))[:LARGEST])
    _, _, found = round_trip(run, [{"key": None, "value": value}])
    assert all(one[3] == value for one in found), "the value is not what was sent"


@scenario("offsets", "Records", "start at earliest, at an offset, at a timestamp; earliest, latest and timestamp asked for")
def offsets(run):
    topic = run.topic(partitions=2)
    client = run.adapter()
    records = [{"key": None, "value": b64(b"%d" % i), "partition": 1, "timestamp": TIME + 1000 * i} for i in range(20)]
    if "timestamp" in run.client.content_without:
        lines = "".join(f"{i}\n" for i in range(20)).encode()
        run.cluster.kcat(run.addresses, "-P", "-t", topic, "-p", "1", stdin=lines)
        stamps = [one[5] for one in client.call("read", topic=topic, partition=1, start="earliest", count=20)["records"]]
    else:
        client.call("produce", topic=topic, records=records)
        stamps = [one["timestamp"] for one in records]
    first_at = next(i for i in range(20) if stamps[i] >= stamps[13])
    for start, first in (("earliest", 0), (7, 7), ({"timestamp": stamps[13]}, first_at)):
        found = client.call("read", topic=topic, partition=1, start=start, count=20 - first)["records"]
        equal([one[1] for one in found], list(range(first, 20)), f"offsets read from {start}")
    for at, expected in (("earliest", 0), ("latest", 20), (stamps[13], first_at)):
        equal(client.call("offset", topic=topic, partition=1, at=at)["offset"], expected, f"offset of {at}")


@scenario("idempotent", "Records", "idempotent producer")
def idempotent(run):
    topic = run.topic(partitions=1)
    client = run.adapter()
    for begin in (0, 100):  # the second time with another producer id
        records = [{"key": None, "value": b64(b"%d" % i), "partition": 0} for i in range(begin, begin + 100)]
        client.call("produce", topic=topic, records=records, idempotent=True)
    equal(run.stored_ids(topic), [(0, i) for i in range(200)], "what is stored")


@scenario("broker_killed", "Records", "a broker killed (`kill -9`) and restarted while producing", quick=True)
def broker_killed(run):
    topic = run.topic()
    client = run.adapter()
    can_be_idempotent = "idempotent" not in run.client.lacks
    sending = client.begin("stream", topic=topic, count=STREAMED, per_second=PER_SECOND, idempotent=can_be_idempotent)
    client.wait("some messages are there", lambda: sum(run.ends(topic)) > STREAMED / 6)
    leader = run.cluster.describe(run.brokers, topic)[0]["leader"]
    run.kill_and_restart(next(one for one in run.brokers if one.node_id == leader), topic)
    answer = client.end(sending, seconds=120)
    stored = run.stored_ids(topic)
    lost = set(answer["acknowledged"]) - {one for _, one in stored}
    assert not lost, f"{len(lost)} acknowledged messages are not there"
    equal(answer["failed"], [], "messages that failed")
    if can_be_idempotent:
        equal(sorted(one for _, one in stored), list(range(STREAMED)), "what is stored, each once")
        for partition in range(6):
            ids = [one for place, one in stored if place == partition]
            equal(ids, sorted(ids), f"order in partition {partition}")
