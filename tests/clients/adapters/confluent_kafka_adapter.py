"""confluent-kafka-python (Debian's python3-confluent-kafka, on librdkafka)."""
import sys
import time

import confluent_kafka
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

from _base import AdapterBase, decode, emit, encode

SECONDS = 30
STARTS = {"earliest": confluent_kafka.OFFSET_BEGINNING, "latest": confluent_kafka.OFFSET_END}


class ConfluentKafka(AdapterBase):
    def __init__(self, brokers):
        super().__init__(brokers)
        self.consumer = None
        self.admin_client = None
        self.mode = "none"
        self.assigned = set()
        self.committed = []  # the outcomes of asynchronous commits

    # ---- producing

    def producer(self, codec="none", idempotent=False, **more):
        return Producer({"bootstrap.servers": self.brokers, "compression.type": codec, "enable.idempotence": idempotent,
                         "acks": "all", "linger.ms": 5, "message.max.bytes": 2_000_000, **more})

    def op_hello(self):
        return {"version": f"{confluent_kafka.version()[0]}, librdkafka {confluent_kafka.libversion()[0]}"}

    def op_produce(self, topic, records, codec="none", idempotent=False):
        producer = self.producer(codec, idempotent)
        places, errors = {}, []

        def report(number):
            def on_delivery(error, message):
                if error:
                    errors.append(str(error))
                else:
                    places[number] = [message.partition(), message.offset()]
            return on_delivery
        for number, one in enumerate(records):
            producer.produce(topic, value=decode(one["value"]), key=decode(one.get("key")),
                             partition=one.get("partition", -1), timestamp=one.get("timestamp", 0),
                             headers=[(name, decode(value)) for name, value in one.get("headers", [])],
                             on_delivery=report(number))
        producer.flush(SECONDS)
        if errors:
            raise KafkaException(errors[0])
        return {"places": [places[i] for i in range(len(records))]}

    def op_stream(self, topic, count, per_second, idempotent=True):
        producer = self.producer(idempotent=idempotent)
        acknowledged, failed = [], []

        def on_delivery(error, message):
            (failed if error else acknowledged).append(int(message.value()))
        begin = time.monotonic()
        for number in range(count):
            while time.monotonic() - begin < number / per_second:
                producer.poll(0.002)
            producer.produce(topic, value=b"%d" % number, key=b"%d" % (number % 97), on_delivery=on_delivery)
        producer.flush(60)
        return {"acknowledged": acknowledged, "failed": failed}

    # ---- consuming without a group

    def reader(self):
        return Consumer({"bootstrap.servers": self.brokers, "group.id": "none", "enable.auto.commit": False,
                         "fetch.wait.max.ms": 50})

    def op_read(self, topic, partition, start, count):
        consumer = self.reader()
        if isinstance(start, dict):
            place = consumer.offsets_for_times([TopicPartition(topic, partition, start["timestamp"])], SECONDS)[0].offset
        else:
            place = STARTS.get(start, start)
        consumer.assign([TopicPartition(topic, partition, place)])
        found, deadline = [], time.monotonic() + SECONDS
        while len(found) < count and time.monotonic() < deadline:
            message = consumer.poll(0.1)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            found.append([message.partition(), message.offset(), encode(message.key()), encode(message.value()),
                          [[name, encode(value)] for name, value in message.headers() or []], message.timestamp()[1]])
        consumer.close()
        return {"records": found}

    def op_offset(self, topic, partition, at):
        consumer = self.reader()
        where = TopicPartition(topic, partition)
        try:
            if isinstance(at, int):
                where.offset = at
                return {"offset": consumer.offsets_for_times([where], SECONDS)[0].offset}
            low, high = consumer.get_watermark_offsets(where, SECONDS)
            return {"offset": low if at == "earliest" else high}
        finally:
            consumer.close()

    # ---- a member of a group

    def op_join(self, group, topic, strategy="eager", static=None, reset="earliest", commit="none", session_ms=6000):
        self.mode = commit
        config = {"bootstrap.servers": self.brokers, "group.id": group, "auto.offset.reset": reset,
                  "enable.auto.commit": commit == "auto", "session.timeout.ms": session_ms, "heartbeat.interval.ms": 500,
                  "fetch.wait.max.ms": 50, "topic.metadata.refresh.interval.ms": 2000,
                  "partition.assignment.strategy": "cooperative-sticky" if strategy == "cooperative" else "range",
                  "on_commit": lambda error, partitions: self.committed.append(error)}
        if static:
            config["group.instance.id"] = static
        self.consumer = Consumer(config)

        def on_assign(consumer, partitions):
            if strategy == "cooperative":
                self.assigned |= {one.partition for one in partitions}
            else:
                self.assigned = {one.partition for one in partitions}
            emit(event="assigned", partitions=sorted(self.assigned))

        def on_revoke(consumer, partitions):
            self.assigned -= {one.partition for one in partitions}
            emit(event="assigned", partitions=sorted(self.assigned))
        self.consumer.subscribe([topic], on_assign=on_assign, on_revoke=on_revoke, on_lost=on_revoke)

    def idle(self):
        if self.consumer is None:
            return False
        messages = [one for one in self.consumer.consume(500, 0.02) if not self.is_trouble(one)]
        if messages:
            emit(event="records", records=[[one.partition(), one.offset(), one.value().decode()] for one in messages])
            if self.mode in ("sync", "async"):
                self.consumer.commit(asynchronous=self.mode == "async")
        return True

    @staticmethod
    def is_trouble(message):
        if message.error():
            print("consumer:", message.error(), file=sys.stderr)
        return message.error() is not None

    def op_commit(self, mode="sync"):
        if mode == "sync":
            try:
                self.consumer.commit(asynchronous=False)
            except KafkaException as error:
                if error.args[0].code() != confluent_kafka.KafkaError._NO_OFFSET:  # else everything is committed already
                    raise
            return
        self.committed.clear()
        self.consumer.commit(asynchronous=True)
        deadline = time.monotonic() + SECONDS
        while not self.committed and time.monotonic() < deadline:
            self.idle()
        if self.committed[0]:
            raise KafkaException(self.committed[0])

    def op_seek(self, topic, partition, offset):
        self.consumer.seek(TopicPartition(topic, partition, offset))

    def op_leave(self):
        self.finish()

    def finish(self):
        if self.consumer is not None:
            self.consumer.close()
            self.consumer = None

    def op_group_offsets(self, group, topic, partitions):
        consumer = Consumer({"bootstrap.servers": self.brokers, "group.id": group})
        found = consumer.committed([TopicPartition(topic, one) for one in partitions], SECONDS)
        consumer.close()
        return {"offsets": [max(one.offset, -1) for one in found]}

    # ---- administration

    def admin(self):
        """One client for all calls: a call ends with the client that it was made with."""
        if self.admin_client is None:
            self.admin_client = AdminClient({"bootstrap.servers": self.brokers})
        return self.admin_client

    @staticmethod
    def done(futures):
        return [future.result(SECONDS) for future in futures.values()]

    def op_create_topic(self, topic, partitions, replication, configs=None):
        self.done(self.admin().create_topics([NewTopic(topic, partitions, replication, config=configs or {})]))

    def op_delete_topic(self, topic):
        self.done(self.admin().delete_topics([topic]))

    def op_topics(self):
        return {"topics": {name: len(one.partitions) for name, one in self.admin().list_topics(timeout=SECONDS).topics.items()}}

    def op_create_partitions(self, topic, count):
        self.done(self.admin().create_partitions([NewPartitions(topic, count)]))

    def op_describe_configs(self, topic):
        found, = self.done(self.admin().describe_configs([ConfigResource("topic", topic)]))
        return {"configs": {name: entry.value for name, entry in found.items()}}

    def op_alter_configs(self, topic, configs):
        self.done(self.admin().alter_configs([ConfigResource("topic", topic, set_config=configs)]))

    def op_list_groups(self):
        return {"groups": [one.id for one in self.admin().list_groups(timeout=SECONDS)]}

    def op_describe_group(self, group):
        found, = self.admin().list_groups(group, timeout=SECONDS)
        return {"state": found.state, "members": len(found.members)}

    def op_describe_cluster(self):
        found = self.admin().list_topics(timeout=SECONDS)
        return {"brokers": sorted(found.brokers), "controller": found.controller_id}


ConfluentKafka(sys.argv[1]).run()
