"""Scenarios: consumer groups, in their own words: a member is an adapter that joined."""
import time

from _run import PARTITIONS, equal, scenario

JOIN_SECONDS = 40


def join(run, group, topic, **options):
    member = run.adapter()
    member.call("join", group=group, topic=topic, **options)
    return member


def wait_shared(members, seconds=JOIN_SECONDS, partitions=PARTITIONS):
    """Until the members share the partitions among them: each has some, none has another's."""
    def holds():
        shares = [member.assignment() for member in members]
        return all(shares) and sorted(one for share in shares for one in share) == list(range(partitions))
    try:
        members[0].wait("members share the partitions", holds, seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}; they have {[member.assignment() for member in members]}; "
                             f"{members[0].log_end()}") from None


def read_ids(members):
    """The numbers that the members were given, as often as they were."""
    found = []
    for member in members:
        member.take(0)
        found += [int(value) for _, _, value in member.records]
    return found


def wait_read(members, ids, seconds=60):
    ids = set(ids)
    try:
        alive = next(member for member in members if not member.killed)
        alive.wait("everything is read", lambda: ids <= set(read_ids(members)), seconds)
    except AssertionError as error:
        missing = sorted(ids - set(read_ids(members)))
        raise AssertionError(f"{error}: {len(missing)} of {len(ids)} missing, such as {missing[:5]}; "
                             f"{[member.assignment() for member in members]}; {alive.log_end()}") from None


def check_resumes(run, group, topic, ids, partitions=PARTITIONS, **options):
    """A new member of the group is given exactly the numbers that are produced now: none of before, each once."""
    member = join(run, group, topic, **options)
    wait_shared([member], partitions=partitions)
    run.produce_ids(topic, ids)
    wait_read([member], ids)
    equal(sorted(read_ids([member])), sorted(ids), "what is read after the commit")
    member.call("leave")


@scenario("group", "Groups", "three members share the partitions (eager); none skipped, none twice after a clean end", quick=True)
def group_shares(run):
    topic, group = run.topic(), run.name("group")
    members = [join(run, group, topic, commit=run.client.commit) for _ in range(3)]
    wait_shared(members)
    run.produce_ids(topic, range(600))
    wait_read(members, range(600))
    if not run.client.may_repeat:
        equal(sorted(read_ids(members)), list(range(600)), "what the members read, each once")
    for member in members:
        member.call("leave")
    check_resumes(run, group, topic, range(600, 650))


@scenario("member_added", "Groups", "a member joins, and leaves again")
def member_added(run):
    topic, group = run.topic(), run.name("group")
    run.produce_ids(topic, range(300))
    first = join(run, group, topic, commit=run.client.commit)
    wait_shared([first])
    wait_read([first], range(300))
    second = join(run, group, topic, commit=run.client.commit)
    wait_shared([first, second])
    run.produce_ids(topic, range(300, 600))
    wait_read([first, second], range(600))
    first.call("leave")
    wait_shared([second])
    run.produce_ids(topic, range(600, 900))
    wait_read([first, second], range(900))
    second.call("leave")
    check_resumes(run, group, topic, range(900, 950))


@scenario("member_killed", "Groups", "a member killed (`kill -9`): the others take over, none skipped", quick=True)
def member_killed(run):
    topic, group = run.topic(), run.name("group")
    members = [join(run, group, topic, commit=run.client.commit) for _ in range(2)]
    wait_shared(members)
    run.produce_ids(topic, range(300))
    wait_read(members, range(150))
    members[0].kill()
    run.produce_ids(topic, range(300, 600))
    wait_read(members, range(600))
    wait_shared(members[1:])
    members[1].call("leave")
    check_resumes(run, group, topic, range(600, 650))


@scenario("cooperative", "Groups", "cooperative assignment: a member that joins takes nothing but its share")
def cooperative(run):
    topic, group = run.topic(), run.name("group")
    first = join(run, group, topic, strategy="cooperative", commit=run.client.commit)
    wait_shared([first])
    before = len(first.assignments)
    second = join(run, group, topic, strategy="cooperative", commit=run.client.commit)
    wait_shared([first, second])
    run.produce_ids(topic, range(300))
    wait_read([first, second], range(300))
    kept = set(first.assignment())
    assert all(kept <= set(share) for _, share in first.assignments[before:]), f"it gave up more: {first.assignments[before:]}"
    for member in (first, second):
        member.call("leave")
    check_resumes(run, group, topic, range(300, 350), strategy="cooperative")


@scenario("static", "Groups", "static membership: a member killed and restarted keeps its partitions, without a rebalance")
def static(run):
    topic, group = run.topic(), run.name("group")
    first = join(run, group, topic, static="one", session_ms=30000)
    second = join(run, group, topic, static="two", session_ms=30000)
    wait_shared([first, second])
    run.produce_ids(topic, range(100))
    wait_read([first, second], range(100))
    share, seen = first.assignment(), len(second.assignments)
    first.kill()
    again = join(run, group, topic, static="one", session_ms=30000)
    again.wait("it has its partitions again", lambda: again.assignment() == share, JOIN_SECONDS)
    run.produce_ids(topic, range(100, 200))
    wait_read([again, second], range(100, 200))
    equal(len(second.assignments), seen, "assignments that the other member saw")


def committed_by(mode):
    def check(run):
        topic, group = run.topic(), run.name("group")
        run.produce_ids(topic, range(300))
        member = join(run, group, topic)
        wait_read([member], range(300))
        member.call("commit", mode=mode)
        member.kill()  # so that nothing but this commit can count
        check_resumes(run, group, topic, range(300, 350))
    return check


scenario("commit_sync", "Groups", "commit that waits; the next member resumes there: none skipped, none twice",
         quick=True)(committed_by("sync"))
scenario("commit_async", "Groups", "commit that does not wait; the next member resumes there")(committed_by("async"))


@scenario("commit_auto", "Groups", "automatic commits; after a clean end the next member resumes there")
def commit_auto(run):
    topic, group = run.topic(), run.name("group")
    run.produce_ids(topic, range(300))
    member = join(run, group, topic, commit="auto")
    wait_read([member], range(300))
    member.call("leave")
    check_resumes(run, group, topic, range(300, 350))


@scenario("seek", "Groups", "seek of a member, back and forth")
def seek(run):
    topic, group = run.topic(), run.name("group")
    run.produce_ids(topic, range(600))
    member = join(run, group, topic)
    wait_read([member], range(600))
    end = run.ends(topic)[0]
    expected = list(range(end // 2, end)) + list(range(end - 3, end))
    before = len([one for one in member.records if one[0] == 0])
    member.call("seek", topic=topic, partition=0, offset=end // 2)
    count = end - end // 2
    member.wait("the second half is read again",
                lambda: len([one for one in member.records if one[0] == 0]) >= before + count)
    member.call("seek", topic=topic, partition=0, offset=end - 3)
    member.wait("the last three are read again",
                lambda: len([one for one in member.records if one[0] == 0]) >= before + count + 3)
    equal([one[1] for one in member.records if one[0] == 0][before:], expected, "offsets of partition 0 read after the seeks")


@scenario("reset_earliest", "Groups", "a group without commits begins at the earliest message")
def reset_earliest(run):
    topic = run.topic()
    run.produce_ids(topic, range(300))
    member = join(run, run.name("group"), topic, reset="earliest")
    wait_read([member], range(300))
    equal(sorted(read_ids([member])), list(range(300)), "what is read")


@scenario("reset_latest", "Groups", "a group without commits begins at the latest message")
def reset_latest(run):
    topic = run.topic()
    run.produce_ids(topic, range(300))
    member = join(run, run.name("group"), topic, reset="latest")
    wait_shared([member])
    deadline = time.monotonic() + JOIN_SECONDS
    number = 300
    while len({one[0] for one in member.records}) < PARTITIONS and time.monotonic() < deadline:
        run.produce_ids(topic, range(number, number + 97))  # what comes before it has found the end is not for it
        number += 97
        member.take(0.2)
    old = [one for one in read_ids([member]) if one < 300]
    assert member.records, f"nothing was read in {JOIN_SECONDS} s; {member.log_end()}"
    equal(old, [], "messages of before that were read")


@scenario("group_broker_killed", "Groups", "each broker killed (`kill -9`) and restarted in turn, the coordinator among them")
def group_broker_killed(run):
    topic, group = run.topic(), run.name("group")
    members = [join(run, group, topic, commit=run.client.commit) for _ in range(2)]
    wait_shared(members)
    number = 0
    for broker in run.brokers:
        run.produce_ids(topic, range(number, number + 200))
        run.kill_and_restart(broker, topic)
        run.produce_ids(topic, range(number + 200, number + 400))
        number += 400
        wait_read(members, range(number), seconds=90)
    wait_shared(members)
    for member in members:
        if "commit_sync" not in run.client.lacks:
            member.call("commit")  # a commit that a broker's death made fail is not repeated by every client
        member.call("leave")
    check_resumes(run, group, topic, range(number, number + 50))
