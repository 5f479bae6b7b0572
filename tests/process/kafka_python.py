"""The python3-kafka client, which shares no code with librdkafka."""
import os
import sys
import unittest

from _cluster import ProcessTest

try:
    import kafka
    from kafka.structs import TopicPartition
except ImportError:
    kafka = None

COUNT = 500


@unittest.skipIf(kafka is None, "python3-kafka is not installed for this Python")
class KafkaPython(ProcessTest):
    def setUp(self):
        super().setUp()
        self.broker = self.one_broker()
        self.create_topic([self.broker], "t", partitions=3)

    def producer(self, **options):
        producer = kafka.KafkaProducer(bootstrap_servers=self.broker.kafka, **options)
        self.addCleanup(producer.close, timeout=5)
        return producer

    def consumer(self, **options):
        consumer = kafka.KafkaConsumer(bootstrap_servers=self.broker.kafka, group_id=None, enable_auto_commit=False,
                                       consumer_timeout_ms=2000, **options)
        self.addCleanup(consumer.close)
        return consumer

    def test_produce_and_consume_by_partition(self):
        for acks in ("all", 1):
            producer = self.producer(acks=acks)
            sent = [producer.send("t", key=b"k%d" % i, value=b"v%d" % i, partition=1, timestamp_ms=1_700_000_000_000 + i,
                                  headers=[("h", b"x")]) for i in range(COUNT)]
            places = [one.get(timeout=10) for one in sent]
            first = places[0].offset
            self.assertEqual([place.offset for place in places], list(range(first, first + COUNT)))
            consumer = self.consumer()
            partition = TopicPartition("t", 1)
            consumer.assign([partition])
            consumer.seek(partition, first)
            messages = [next(consumer) for _ in range(COUNT)]
            self.assertEqual([(m.key, m.value, m.offset) for m in messages],
                             [(b"k%d" % i, b"v%d" % i, first + i) for i in range(COUNT)])
            self.assertEqual(messages[0].headers, [("h", b"x")])
            self.assertEqual(messages[0].timestamp, 1_700_000_000_000)

    def test_every_compression_that_this_python_has(self):
        for compression in ("gzip", "snappy", "lz4", "zstd"):
            with self.subTest(compression):
                try:
                    producer = self.producer(compression_type=compression)
                except AssertionError as error:  # the codec's Python module is not installed
                    self.skipTest(str(error))
                value = compression.encode() * 1000
                place = producer.send("t", value=value, partition=0).get(timeout=10)
                consumer = self.consumer()
                partition = TopicPartition("t", 0)
                consumer.assign([partition])
                consumer.seek(partition, place.offset)
                self.assertEqual(next(consumer).value, value)

    def test_offsets_by_end_and_time(self):
        producer = self.producer()
        for i in range(10):
            producer.send("t", value=b"v", partition=2, timestamp_ms=1_700_000_000_000 + 1000 * i).get(timeout=10)
        consumer = self.consumer()
        partition = TopicPartition("t", 2)
        consumer.assign([partition])
        self.assertEqual(consumer.beginning_offsets([partition]), {partition: 0})
        self.assertEqual(consumer.end_offsets([partition]), {partition: 10})
        found = consumer.offsets_for_times({partition: 1_700_000_003_500})
        self.assertEqual(found[partition].offset, 4)
        self.assertEqual(consumer.partitions_for_topic("t"), {0, 1, 2})

    def test_topics_are_made_and_removed(self):
        admin = kafka.KafkaAdminClient(bootstrap_servers=self.broker.kafka)
        self.addCleanup(admin.close)
        admin.create_topics([kafka.admin.NewTopic("made", num_partitions=2, replication_factor=1)])
        self.assertIn("made", admin.list_topics())
        admin.delete_topics(["made"])
        self.assertNotIn("made", admin.list_topics())


if __name__ == "__main__":
    DEBIANS = "/usr/bin/python3"  # the package is Debian's, and another Python may come first in PATH
    if kafka is None and sys.executable != DEBIANS and os.path.exists(DEBIANS):
        os.execv(DEBIANS, [DEBIANS, "-B", *sys.argv])
    unittest.main()
