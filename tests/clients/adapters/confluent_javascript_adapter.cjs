// @confluentinc/kafka-javascript through its KafkaJS-like interface, on the librdkafka that it brings.
'use strict'

const { KafkaJS, librdkafkaVersion } = require('@confluentinc/kafka-javascript')
const { decode, emit, grouped, pairs, pause, record, run, stream, within } = require('./_base.cjs')

const say = (level) => (message, extra) => console.error(level, message, extra ? JSON.stringify(extra) : '')
const logger = { info: () => {}, debug: () => {}, warn: say('warn'), error: say('error'), namespace: () => logger, setLogLevel: () => {} }
const kafka = new KafkaJS.Kafka({ kafkaJS: { brokers: process.argv[2].split(','), logger } })
const CODECS = { none: 'none', gzip: 'gzip', snappy: 'snappy', lz4: 'lz4', zstd: 'zstd' }

let member // of a group
let memberTopic
let assigned = new Set()
const position = new Map() // partition -> next offset
const pending = new Set() // commits
const RETRIES_MS = 1500 // so long a commit may still be repeated after its promise; it would undo a later one

const message = (one) => ({
  key: decode(one.key), value: decode(one.value), partition: one.partition, headers: grouped(one.headers),
  timestamp: one.timestamp === undefined ? undefined : String(one.timestamp)
})

async function administer (action) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await action(admin)
  } finally {
    await admin.disconnect()
  }
}

async function connectProducer (idempotent, codec = 'none') {
  const producer = kafka.producer({ kafkaJS: { idempotent, acks: -1, compression: CODECS[codec] }, 'linger.ms': 5, 'message.max.bytes': 2000000 })
  await producer.connect()
  return producer
}

async function leave () {
  if (member) await member.disconnect()
  member = undefined
}

// Reports what the client assigns; an own callback only looks on.
function onRebalance (strategy) {
  return (error, partitions) => {
    const isAssign = error.code === KafkaJS.ErrorCodes.ERR__ASSIGN_PARTITIONS
    const numbers = partitions.map((one) => one.partition)
    if (strategy === 'cooperative') {
      for (const one of numbers) if (isAssign) assigned.add(one); else assigned.delete(one)
    } else {
      assigned = new Set(isAssign ? numbers : [])
    }
    emit({ event: 'assigned', partitions: [...assigned].sort() })
  }
}

run({
  hello: async () => ({ version: `${require('@confluentinc/kafka-javascript/package.json').version}, librdkafka ${librdkafkaVersion}` }),

  async produce ({ topic, records, codec = 'none', idempotent = false }) {
    const producer = await connectProducer(idempotent, codec)
    const [sent] = await producer.send({ topic, messages: records.map(message) })
    await producer.disconnect()
    return { places: records.map((_, i) => [sent.partition, Number(sent.baseOffset) + i]) }
  },

  async stream ({ topic, count, per_second: perSecond, idempotent = true }) {
    const producer = await connectProducer(idempotent)
    const answer = await stream(count, perSecond, (number) => producer.send({
      topic, messages: [{ key: String(number % 97), value: String(number) }]
    }))
    await producer.disconnect()
    return answer
  },

  // Like kafkajs, it consumes as a member of a group only.
  async read ({ topic, partition, start, count }) {
    let offset = start
    if (typeof start === 'object') {
      offset = await administer((admin) => admin.fetchTopicOffsetsByTimestamp(topic, start.timestamp)).then(
        (all) => Number(all.find((one) => one.partition === partition).offset))
    }
    const found = []
    let done
    const enough = new Promise((resolve) => { done = resolve })
    const consumer = kafka.consumer({
      kafkaJS: { groupId: `read-${process.pid}-${Date.now()}`, fromBeginning: offset !== 'latest', autoCommit: false }, 'fetch.wait.max.ms': 50
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic] })
    await consumer.run({
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

  async join ({ group, topic, strategy = 'eager', static: instance, reset = 'earliest', commit = 'none', session_ms: session = 6000 }) {
    memberTopic = topic
    member = kafka.consumer({
      kafkaJS: { groupId: group, fromBeginning: reset === 'earliest', autoCommit: commit === 'auto' },
      'session.timeout.ms': session,
      'heartbeat.interval.ms': 500,
      'fetch.wait.max.ms': 50,
      'topic.metadata.refresh.interval.ms': 2000,
      'partition.assignment.strategy': strategy === 'cooperative' ? 'cooperative-sticky' : 'range',
      ...(instance ? { 'group.instance.id': instance } : {}),
      rebalance_cb: onRebalance(strategy)
    })
    await member.connect()
    await member.subscribe({ topics: [topic] })
    await member.run({
      eachBatch: async ({ batch }) => {
        const { partition } = batch
        emit({ event: 'records', records: batch.messages.map((one) => [partition, Number(one.offset), one.value.toString()]) })
        const offset = String(Number(batch.lastOffset()) + 1)
        position.set(partition, offset)
        if (commit !== 'sync') return
        // A batch that fails is handed out again, and would commit less than was committed meanwhile.
        const done = member.commitOffsets([{ topic, partition, offset }]).catch((error) => console.error('commit:', error.message))
        pending.add(done)
        await done
        pending.delete(done)
      }
    })
  },

  async commit () {
    await Promise.all(pending)
    await pause(RETRIES_MS)
    const mine = [...position].filter(([partition]) => assigned.has(partition))
    await member.commitOffsets(mine.map(([partition, offset]) => ({ topic: memberTopic, partition, offset })))
  },
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
    // It asks for the names first and then for each: one that is deleted in between is an error, so it is asked again.
    const topics = await admin.fetchTopicMetadata().catch(() => admin.fetchTopicMetadata())
    return { topics: Object.fromEntries(topics.map((one) => [one.name, one.partitions.length])) }
  }),
  list_groups: () => administer(async (admin) => ({ groups: (await admin.listGroups()).groups.map((one) => one.groupId) })),
  describe_group: ({ group }) => administer(async (admin) => {
    const { groups: [found] } = await admin.describeGroups([group])
    const name = Object.entries(KafkaJS.ConsumerGroupStates).find(([, value]) => value === found.state)[0]
    return { state: name[0] + name.slice(1).toLowerCase(), members: found.members.length }
  }),
  delete_group: ({ group }) => administer((admin) => admin.deleteGroups([group]).then(() => {})),
  group_offsets: ({ group, topic, partitions }) => administer(async (admin) => {
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    return { offsets: partitions.map((each) => Number(found.partitions.find((one) => one.partition === each).offset)) }
  }),
  delete_records: ({ topic, partition, before }) => administer((admin) => admin.deleteTopicRecords({
    topic, partitions: [{ partition, offset: String(before) }]
  }).then(() => {}))
}, leave)
