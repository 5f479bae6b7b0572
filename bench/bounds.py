"""What the machine allows, by arithmetic on the limits that were measured in the same run."""


def flush_us(limits, size=1024):
    """Median of writing so many bytes over old ones and flushing them."""
    return next(one["latency_us"]["p50"] for one in limits["flush"]
                if one["placement"] == "overwrite" and one["bytes"] == size)


def round_trip_us(limits):
    return limits["loopback"]["round_trip_us"]["p50"]


def replicated_us(limits, how, which="p50"):
    """What a bare program takes that does nothing but replicate, `how`: "one_at_a_time" or "at_rate", which is 1,000
    messages/s (load/limits_replicated.cc)."""
    return limits["replicated"][f"{how}_us"][which]


def replicated_bytes_per_second(limits):
    """Payload that it takes, at best: large messages, several groups side by side."""
    return max(one["bytes_per_second"] for one in limits["replicated"]["bandwidth"])


def disk_bytes_per_second(limits, placement="append"):
    """The best that the disk takes with a flush after each write, whatever the size of the writes. A log grows, so
    the bound is that of appending; overwriting is shown beside."""
    return max(one["bytes_per_second"] for one in limits["bandwidth"] if one["placement"] == placement)


def disk_cpu_ns_per_byte(limits):
    return min(one["cpu_ns_per_byte"] for one in limits["bandwidth"] if one["placement"] == "append")


class Throughput:
    """Bytes of payload per second that brokers with so many replicas, and their client, can take on this machine.

    Disk: it takes each byte once for each replica, and all replicas share it.
        disk = bandwidth / replicas
    CPU: for each byte, each replica receives it once (the leader from the client, the others from the leader), the
    leader sends it to each other replica and checks its CRC, each replica writes it. What the client needs is taken as
    it was in the run itself: librdkafka is the client that users have, and not ours to improve.
        broker = replicas * receive + (replicas - 1) * send + crc + replicas * write
        cpu = cores / (broker + client)
    """

    def __init__(self, limits, replicas, cores, client_ns_per_byte):
        loopback = limits["loopback"]
        self.disk = disk_bytes_per_second(limits) / replicas
        self.broker_ns_per_byte = (replicas * loopback["receive_cpu_ns_per_byte"]
                                   + (replicas - 1) * loopback["send_cpu_ns_per_byte"]
                                   + 1e9 / limits["crc32c_bytes_per_second"]
                                   + replicas * disk_cpu_ns_per_byte(limits))
        self.client_ns_per_byte = client_ns_per_byte
        self.cpu = cores * 1e9 / (self.broker_ns_per_byte + client_ns_per_byte)
        self.bytes_per_second = min(self.disk, self.cpu)

    def text(self):
        which = "disk" if self.disk < self.cpu else "CPU"
        return (f"{which}: disk {self.disk / 1e6:.0f} MB/s; CPU {self.cpu / 1e6:.0f} MB/s at "
                f"{self.broker_ns_per_byte:.2f} ns/byte of brokers and {self.client_ns_per_byte:.2f} of the client")

    def as_json(self):
        return dict(vars(self))
