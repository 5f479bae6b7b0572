// kafkajs, written in JavaScript throughout.
'use strict'

const zlib = require('node:zlib')
const { CompressionCodecs, CompressionTypes, Kafka, ConfigResourceTypes, logLevel } = require('kafkajs')
const { decode, emit, grouped, pairs, record, run, stream, within } = require('./_base.cjs')

// kafkajs has gzip; others are for the application to add, and Node has zstd.
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder) => zlib.zstdCompressSync(encoder.buffer),
  decompress: async (buffer) => zlib.zstdDecompressSync(buffer)
})
const CODECS = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, zstd: CompressionTypes.ZSTD }

const RETRY = { initialRetryTime: 100, retries: 30, maxRetryTime: 1000 } // a producer waits out a broker's death
const RESTART = { restartOnFailure: async () => true } // and a consumer begins anew
const log = ({ level, log }) => console.error(new Date().toISOString(), level, log.message, log.error || '', log.stack || '')
const kafka = new Kafka({
  brokers: process.argv[2].split(','), logLevel: logLevel.WARN, logCreator: () => log
})
const message = (one) => ({
  key: decode(one.key), value: decode(one.value), partition: one.partition, headers: grouped(one.headers),
  timestamp: one.timestamp === undefined ? undefined : String(one.timestamp)
})

let member // of a group
let position = {} // partition -> next offset
let memberTopic

async function administer (action) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await action(admin)
  } finally {
    await admin.disconnect()
  }
}

async function connectProducer (idempotent) {
  const producer = kafka.producer({ retry: RETRY, idempotent, maxInFlightRequests: idempotent ? 1 : undefined })
  await producer.connect()
  return producer
}

function offsetsNow () {
  return Object.entries(position).map(([partition, offset]) => ({
    topic: memberTopic, partition: Number(partition), offset: String(offset)
  }))
}

async function leave () {
  if (member) await member.disconnect()
  member = undefined
}

const resource = (topic) => ({ type: ConfigResourceTypes.TOPIC, name: topic })

run({
  hello: async () => ({ version: require('kafkajs/package.json').version }),

  async produce ({ topic, records, codec = 'none', idempotent = false }) {
    const producer = await connectProducer(idempotent)
    const [sent] = await producer.send({ topic, messages: records.map(message), acks: -1, compression: CODECS[codec] })
    await producer.disconnect()
    const first = Number(sent.baseOffset)
    return { places: records.map((_, i) => [sent.partition, first + i]) }
  },

  async stream ({ topic, count, per_second: perSecond, idempotent = false }) {
    const producer = await connectProducer(idempotent)
    const [{ partitions }] = await administer(async (admin) => (await admin.fetchTopicMetadata({ topics: [topic] })).topics)
    // kafkajs does not gather messages by itself. One send per partition: of a send to several ones it drops what has to
    // go to a broker that answered for another partition already, should a leader have moved there meanwhile.
    const waiting = partitions.map(() => [])
    const last = partitions.map(() => Promise.resolve())
    const flush = () => waiting.forEach((now, partition) => {
      if (now.length === 0) return
      waiting[partition] = []
      const messages = now.map((one) => one.message)
      last[partition] = last[partition].then(() => producer.send({ topic, acks: -1, messages })).then(
        () => now.forEach((one) => one.resolve()), (error) => now.forEach((one) => one.reject(error)))
    })
    const timer = setInterval(flush, 20)
    const answer = await stream(count, perSecond, (number) => new Promise((resolve, reject) => {
      const partition = number % 97 % partitions.length
      waiting[partition].push({ message: { partition, key: String(number % 97), value: String(number) }, resolve, reject })
    }))
    clearInterval(timer)
    await producer.disconnect()
    return answer
  },

  // kafkajs consumes as a member of a group only, so this is one that is alone and never commits.
  async read ({ topic, partition, start, count }) {
    let offset = start
    if (typeof start === 'object') {
      offset = await administer((admin) => admin.fetchTopicOffsetsByTimestamp(topic, start.timestamp)).then(
        (all) => Number(all.find((one) => one.partition === partition).offset))
    }
    const consumer = kafka.consumer({ groupId: `read-${process.pid}-${Date.now()}`, maxWaitTimeInMs: 50 })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: offset !== 'latest' })
    const found = []
    let done
    const enough = new Promise((resolve) => { done = resolve })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition: from, message: one }) => {
        if (from === partition && found.length < count && !(typeof offset === 'number' && Number(one.offset) < offset)) {
          found.push(record(from, one.offset, one.key, one.value, pairs(one.headers), one.timestamp))
        }
        if (found.length >= count) done()
      }
    })
    if (typeof offset === 'number') consumer.seek({ topic, partition, offset: String(offset) })
    await within(enough, 'reading')
    await consumer.disconnect()
    return { records: found }
  },

  async offset ({ topic, partition, at }) {
    const all = await administer((admin) => (typeof at === 'number' ? admin.fetchTopicOffsetsByTimestamp(topic, at) : admin.fetchTopicOffsets(topic)))
    const one = all.find((each) => each.partition === partition)
    return { offset: Number(at === 'earliest' ? one.low : at === 'latest' ? one.high : one.offset) }
  },

  async join ({ group, topic, reset = 'earliest', commit = 'none', session_ms: sessionTimeout = 6000 }) {
    memberTopic = topic
    member = kafka.consumer({
      retry: RESTART,
      groupId: group, sessionTimeout, heartbeatInterval: 500, maxWaitTimeInMs: 50, metadataMaxAge: 2000, rebalanceTimeout: 10000
    })
    const assigned = (partitions) => emit({ event: 'assigned', partitions })
    member.on(member.events.GROUP_JOIN, ({ payload }) => assigned(payload.memberAssignment[topic] || []))
    member.on(member.events.REBALANCING, () => { position = {}; assigned([]) })
    await member.connect()
    await member.subscribe({ topics: [topic], fromBeginning: reset === 'earliest' })
    await member.run({
      autoCommit: commit !== 'none',
      autoCommitThreshold: commit === 'sync' ? 1 : null, // after each batch, by what also looks for a new coordinator
      eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
        const { partition } = batch
        emit({ event: 'records', records: batch.messages.map((one) => [partition, Number(one.offset), one.value.toString()]) })
        position[partition] = Number(batch.lastOffset()) + 1
        resolveOffset(batch.lastOffset())
        await heartbeat()
      }
    })
  },

  commit: async () => member.commitOffsets(offsetsNow()),
  seek: async ({ topic, partition, offset }) => member.seek({ topic, partition, offset: String(offset) }),
  leave,

  create_topic: ({ topic, partitions, replication, configs }) => administer(async (admin) => {
    const made = await admin.createTopics({
      topics: [{
        topic, numPartitions: partitions, replicationFactor: replication,
        configEntries: Object.entries(configs || {}).map(([name, value]) => ({ name, value }))
      }]
    })
    if (!made) throw new Error('the topic is there already')
  }),
  delete_topic: ({ topic }) => administer((admin) => admin.deleteTopics({ topics: [topic] })),
  topics: () => administer(async (admin) => {
    const { topics } = await admin.fetchTopicMetadata()
    return { topics: Object.fromEntries(topics.map((one) => [one.name, one.partitions.length])) }
  }),
  create_partitions: ({ topic, count }) => administer(
    (admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }).then(() => {})),
  describe_configs: ({ topic }) => administer(async (admin) => {
    const { resources: [found] } = await admin.describeConfigs({ includeSynonyms: true, resources: [resource(topic)] })
    return { configs: Object.fromEntries(found.configEntries.map((one) => [one.configName, one.configValue])) }
  }),
  alter_configs: ({ topic, configs }) => administer(async (admin) => {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource(topic), configEntries }] })
  }),
  describe_cluster: () => administer(async (admin) => {
    const found = await admin.describeCluster()
    return { brokers: found.brokers.map((one) => one.nodeId), controller: found.controller }
  }),
  list_groups: () => administer(async (admin) => ({ groups: (await admin.listGroups()).groups.map((one) => one.groupId) })),
  describe_group: ({ group }) => administer(async (admin) => {
    const { groups: [found] } = await admin.describeGroups([group])
    return { state: found.state, members: found.members.length }
  }),
  delete_group: ({ group }) => administer((admin) => admin.deleteGroups([group]).then(() => {})),
  group_offsets: ({ group, topic, partitions }) => administer(async (admin) => {
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    return { offsets: partitions.map((each) => Number(found.partitions.find((one) => one.partition === each).offset)) }
  }),
  alter_group_offsets: ({ group, topic, offsets }) => administer((admin) => admin.setOffsets({
    groupId: group, topic, partitions: offsets.map((offset, partition) => ({ partition, offset: String(offset) }))
  })),
  delete_records: ({ topic, partition, before }) => administer(async (admin) => {
    await admin.fetchTopicOffsets(topic) // else it does not know the topic
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(before) }] })
  })
}, leave)

