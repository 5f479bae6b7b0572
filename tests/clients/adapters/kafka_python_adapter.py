"""kafka-python (Debian's python3-kafka), pure Python."""
import logging
import sys
import time

import kafka
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.structs import OffsetAndMetadata, TopicPartition

from _base import AdapterBase, decode, emit, encode

SECONDS = 30


class Listener(kafka.ConsumerRebalanceListener):
    def __init__(self, adapter):
        self.adapter = adapter

    def on_partitions_revoked(self, revoked):
        emit(event="assigned", partitions=[])

    def on_partitions_assigned(self, assigned):
        emit(event="assigned", partitions=sorted(one.partition for one in assigned))


class KafkaPython(AdapterBase):
    def __init__(self, brokers):
        super().__init__(brokers)
        self.consumer = None
        self.mode = "none"

    def op_hello(self):
        return {"version": kafka.__version__}

    # ---- producing

    def producer(self, codec="none"):
        return kafka.KafkaProducer(bootstrap_servers=self.brokers.split(","), compression_type=None if codec == "none" else codec,
                                   acks="all", linger_ms=5, retries=100, max_request_size=2_000_000,
                                   max_in_flight_requests_per_connection=1)

    def op_produce(self, topic, records, codec="none", idempotent=False):
        producer = self.producer(codec)
        sent = [producer.send(topic, key=decode(one.get("key")), value=decode(one["value"]), partition=one.get("partition"),
                              timestamp_ms=one.get("timestamp"),
                              headers=[(name, decode(value)) for name, value in one.get("headers", [])])
                for one in records]
        places = [one.get(SECONDS) for one in sent]
        producer.close()
        return {"places": [[place.partition, place.offset] for place in places]}

    def op_stream(self, topic, count, per_second, idempotent=False):
        producer = self.producer()
        begin = time.monotonic()
        sent = []
        for number in range(count):
            while time.monotonic() - begin < number / per_second:
                time.sleep(0.001)
            sent.append(producer.send(topic, key=b"%d" % (number % 97), value=b"%d" % number))
        acknowledged, failed = [], []
        producer.flush(60)
        for number, one in enumerate(sent):
            (acknowledged if one.succeeded() else failed).append(number)
        producer.close()
        return {"acknowledged": acknowledged, "failed": failed}

    # ---- consuming without a group

    def reader(self, group=None):
        return kafka.KafkaConsumer(bootstrap_servers=self.brokers.split(","), group_id=group, enable_auto_commit=False)

    def op_read(self, topic, partition, start, count):
        consumer = self.reader()
        where = TopicPartition(topic, partition)
        consumer.assign([where])
        if isinstance(start, dict):
            consumer.seek(where, consumer.offsets_for_times({where: start["timestamp"]})[where].offset)
        elif start == "earliest":
            consumer.seek_to_beginning(where)
        elif start == "latest":
            consumer.seek_to_end(where)
        else:
            consumer.seek(where, start)
        found, deadline = [], time.monotonic() + SECONDS
        while len(found) < count and time.monotonic() < deadline:
            for messages in consumer.poll(100, max_records=count - len(found)).values():
                found += [[one.partition, one.offset, encode(one.key), encode(one.value),
                           [[name, encode(value)] for name, value in one.headers], one.timestamp] for one in messages]
        consumer.close()
        return {"records": found}

    def op_offset(self, topic, partition, at):
        consumer = self.reader()
        where = TopicPartition(topic, partition)
        if isinstance(at, int):
            offset = consumer.offsets_for_times({where: at})[where].offset
        else:
            offset = (consumer.beginning_offsets if at == "earliest" else consumer.end_offsets)([where])[where]
        consumer.close()
        return {"offset": offset}

    # ---- a member of a group

    def op_join(self, group, topic, strategy="eager", static=None, reset="earliest", commit="none", session_ms=6000):
        self.mode = commit
        self.consumer = kafka.KafkaConsumer(bootstrap_servers=self.brokers.split(","), group_id=group,
                                            enable_auto_commit=commit == "auto", auto_offset_reset=reset,
                                            session_timeout_ms=session_ms, heartbeat_interval_ms=500,
                                            metadata_max_age_ms=2000, fetch_max_wait_ms=50, request_timeout_ms=40000)
        self.consumer.subscribe([topic], listener=Listener(self))

    def idle(self):
        if self.consumer is None:
            return False
        messages = [one for some in self.consumer.poll(20).values() for one in some]
        if messages:
            emit(event="records", records=[[one.partition, one.offset, one.value.decode()] for one in messages])
            if self.mode == "sync":
                self.consumer.commit()
            elif self.mode == "async":
                self.consumer.commit_async()
        return True

    def op_commit(self, mode="sync"):
        if mode == "sync":
            self.consumer.commit()
            return
        outcomes = []
        self.consumer.commit_async(callback=lambda offsets, answer: outcomes.append(answer))
        deadline = time.monotonic() + SECONDS
        while not outcomes and time.monotonic() < deadline:
            self.idle()
        if isinstance(outcomes[0], Exception):
            raise outcomes[0]

    def op_seek(self, topic, partition, offset):
        self.consumer.seek(TopicPartition(topic, partition), offset)

    def op_leave(self):
        self.finish()

    def finish(self):
        if self.consumer is not None:
            self.consumer.close(autocommit=self.mode == "auto")
            self.consumer = None

    # ---- administration

    def admin(self):
        return kafka.KafkaAdminClient(bootstrap_servers=self.brokers.split(","))

    def op_create_topic(self, topic, partitions, replication, configs=None):
        self.admin().create_topics([NewTopic(topic, partitions, replication, topic_configs=configs or {})])

    def op_delete_topic(self, topic):
        self.admin().delete_topics([topic])

    def op_topics(self):
        return {"topics": {one["topic"]: len(one["partitions"]) for one in self.admin().describe_topics()}}

    def op_create_partitions(self, topic, count):
        self.admin().create_partitions({topic: NewPartitions(count)})

    def op_describe_configs(self, topic):
        answer, = self.admin().describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        (code, message, _, _, entries), = answer.resources
        if code:
            raise RuntimeError(f"error {code}: {message}")
        return {"configs": {entry[0]: entry[1] for entry in entries}}

    def op_alter_configs(self, topic, configs):
        answer = self.admin().alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs)])
        for code, message, *_ in answer.resources:
            if code:
                raise RuntimeError(f"error {code}: {message}")

    def op_list_groups(self):
        return {"groups": [name for name, _ in self.admin().list_consumer_groups()]}

    def op_describe_group(self, group):
        found, = self.admin().describe_consumer_groups([group])
        return {"state": found.state, "members": len(found.members)}

    def op_delete_group(self, group):
        for _, error in self.admin().delete_consumer_groups([group]):
            if error is not kafka.errors.NoError:
                raise error()

    def op_group_offsets(self, group, topic, partitions):
        found = self.admin().list_consumer_group_offsets(group, partitions=[TopicPartition(topic, one) for one in partitions])
        return {"offsets": [found.get(TopicPartition(topic, one), OffsetAndMetadata(-1, "")).offset for one in partitions]}

    def op_describe_cluster(self):
        found = self.admin().describe_cluster()
        return {"brokers": sorted(one["node_id"] for one in found["brokers"]), "controller": found["controller_id"]}


logging.basicConfig(level=logging.WARNING)
KafkaPython(sys.argv[1]).run()
