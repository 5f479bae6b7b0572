"""Scenarios: administration with the client's own calls."""
from _cluster import wait_until
from _groups import join, wait_read, wait_shared
from _run import IDS, PARTITIONS, b64, equal, scenario


@scenario("create_topic", "Administration", "create a topic, with settings; list topics")
def create_topic(run):
    client, topic = run.adapter(), run.name("made")
    client.call("create_topic", topic=topic, partitions=3, replication=3, configs={"retention.ms": "3600000"})
    wait_until("the topic is listed", lambda: client.call("topics")["topics"].get(topic) == 3)
    equal(len(run.cluster.describe(run.brokers, topic)[0]["replicas"]), 3, "replicas")


@scenario("delete_topic", "Administration", "delete a topic")
def delete_topic(run):
    client, topic = run.adapter(), run.topic()
    client.call("delete_topic", topic=topic)
    wait_until("the topic is not listed any more", lambda: topic not in client.call("topics")["topics"])


@scenario("create_partitions", "Administration", "add partitions")
def create_partitions(run):
    client, topic = run.adapter(), run.topic(partitions=2)
    client.call("create_partitions", topic=topic, count=5)
    wait_until("they are listed", lambda: client.call("topics")["topics"].get(topic) == 5)


@scenario("describe_configs", "Administration", "describe a topic's settings")
def describe_configs(run):
    client, topic = run.adapter(), run.topic(retention_ms="7200000")
    configs = client.call("describe_configs", topic=topic)["configs"]
    equal(configs.get("retention.ms"), "7200000", "retention.ms")
    equal(configs.get("cleanup.policy"), "delete", "cleanup.policy, a default")


@scenario("alter_configs", "Administration", "alter a topic's settings")
def alter_configs(run):
    client, topic = run.adapter(), run.topic()
    client.call("alter_configs", topic=topic, configs={"retention.ms": "1800000"})
    wait_until("the setting is described", lambda: client.call("describe_configs", topic=topic)["configs"].get(
        "retention.ms") == "1800000")


@scenario("describe_cluster", "Administration", "describe the cluster: brokers, controller")
def describe_cluster(run):
    found = run.adapter().call("describe_cluster")
    equal(sorted(found["brokers"]), list(IDS), "brokers")
    assert found["controller"] in (*IDS, None), found  # None: the client does not tell


@scenario("list_groups", "Administration", "list groups")
def list_groups(run):
    topic, group = run.topic(), run.name("group")
    member = join(run, group, topic)
    wait_shared([member])
    client = run.adapter()
    wait_until("the group is listed", lambda: group in client.call("list_groups")["groups"])


@scenario("describe_group", "Administration", "describe a group: its state and members")
def describe_group(run):
    topic, group = run.topic(), run.name("group")
    members = [join(run, group, topic) for _ in range(2)]
    wait_shared(members)
    client = run.adapter()
    wait_until("the group is stable with two members", lambda: client.call("describe_group", group=group) == {
        "state": "Stable", "members": 2})


def used_group(run):
    """A group with commits for all of a topic, and no members."""
    topic, group = run.topic(), run.name("group")
    run.produce_ids(topic, range(300))
    member = join(run, group, topic, commit=run.client.commit)
    wait_read([member], range(300))
    member.call("leave")
    return topic, group


@scenario("delete_group", "Administration", "delete a group")
def delete_group(run):
    _, group = used_group(run)
    client = run.adapter()
    client.call("delete_group", group=group)
    wait_until("the group is gone", lambda: group not in client.call("list_groups")["groups"])


@scenario("group_offsets", "Administration", "list a group's committed offsets")
def group_offsets(run):
    topic, group = used_group(run)
    found = run.adapter().call("group_offsets", group=group, topic=topic, partitions=list(range(PARTITIONS)))["offsets"]
    equal(found, run.ends(topic), "committed offsets")


@scenario("alter_group_offsets", "Administration", "set a group's committed offsets")
def alter_group_offsets(run):
    topic, group = used_group(run)
    client = run.adapter()
    client.call("alter_group_offsets", group=group, topic=topic, offsets=[1] * PARTITIONS)
    member = join(run, group, topic)
    count = sum(end - 1 for end in run.ends(topic))
    member.wait("it reads from there", lambda: len(member.records) >= count)
    equal(sorted({one[0]: min(r[1] for r in member.records if r[0] == one[0]) for one in member.records}.items()),
          [(i, 1) for i in range(PARTITIONS)], "first offsets read")


@scenario("delete_records", "Administration", "delete records before an offset")
def delete_records(run):
    client, topic = run.adapter(), run.topic(partitions=1)
    client.call("produce", topic=topic, records=[{"key": None, "value": b64(b"%d" % i), "partition": 0} for i in range(20)])
    client.call("delete_records", topic=topic, partition=0, before=12)
    found = client.call("read", topic=topic, partition=0, start="earliest", count=8)["records"]
    equal([one[1] for one in found], list(range(12, 20)), "offsets that are left")
