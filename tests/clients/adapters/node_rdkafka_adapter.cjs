// node-rdkafka, on the librdkafka that it brings.
'use strict'

const rdkafka = require('node-rdkafka')
const { SECONDS, decode, emit, encode, pause, record, run, stream, within } = require('./_base.cjs')

const BROKERS = { 'metadata.broker.list': process.argv[2] }
const MS = SECONDS * 1000

// A function that takes a callback at its end, as a promise.
const promised = (call) => new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))))

let member // of a group
let memberTopic
let isOpen = false
let assigned = new Set()
let committed = [] // outcomes of commits

async function connected (client) {
  client.on('event.error', (error) => console.error('event:', error.message))
  await within(promised((done) => client.connect({ timeout: MS }, done)), 'connecting')
  return client
}

const disconnected = (client) => within(promised((done) => client.disconnect(done)), 'disconnecting')

async function makeProducer (codec, idempotent) {
  const producer = await connected(new rdkafka.Producer({
    ...BROKERS, 'compression.type': codec, 'enable.idempotence': idempotent, 'linger.ms': 5, 'message.max.bytes': 2000000, dr_cb: true
  }, { acks: -1 }))
  producer.setPollInterval(5)
  producer.on('delivery-report', (error, report) => (error ? report.opaque.reject(error) : report.opaque.resolve([report.partition, report.offset])))
  return producer
}

const deliver = (producer, topic, one) => new Promise((resolve, reject) => producer.produce(
  topic, one.partition ?? null, decode(one.value), decode(one.key), one.timestamp, { resolve, reject },
  (one.headers || []).map(([name, value]) => ({ [name]: decode(value) }))))

async function withReader (action) {
  const consumer = await connected(new rdkafka.KafkaConsumer({
    ...BROKERS, 'group.id': 'reader', 'enable.auto.commit': false, 'fetch.wait.max.ms': 50
  }, {}))
  try {
    return await action(consumer)
  } finally {
    await disconnected(consumer)
  }
}

const offsetAt = (consumer, topic, partition, timestamp) => promised(
  (done) => consumer.offsetsForTimes([{ topic, partition, offset: timestamp }], MS, done)).then(([found]) => found.offset)

function onRebalance (strategy) {
  return (error, partitions) => {
    const isAssign = error.code === rdkafka.CODES.ERRORS.ERR__ASSIGN_PARTITIONS
    const numbers = partitions.map((one) => one.partition)
    if (strategy === 'cooperative') {
      if (isAssign) member.incrementalAssign(partitions); else member.incrementalUnassign(partitions)
      for (const one of numbers) if (isAssign) assigned.add(one); else assigned.delete(one)
    } else {
      if (isAssign) member.assign(partitions); else member.unassign()
      assigned = new Set(isAssign ? numbers : [])
    }
    emit({ event: 'assigned', partitions: [...assigned].sort() })
  }
}

// What was consumed is committed as the position that librdkafka has of each partition.
function commit (mode) {
  if (mode === 'sync') member.commitSync(null); else member.commit()
}

async function consumeAll (mode) {
  while (isOpen) {
    const messages = await promised((done) => member.consume(500, done)).catch((error) => {
      console.error('consume:', error.message)
      return []
    })
    if (messages.length === 0) {
      await pause(10)
      continue
    }
    emit({ event: 'records', records: messages.map((one) => [one.partition, one.offset, one.value.toString()]) })
    if (isOpen && (mode === 'sync' || mode === 'async')) {
      try {
        commit(mode)
      } catch (error) {
        console.error('commit:', error.message)
      }
    }
  }
}

async function leave () {
  if (!member) return
  isOpen = false
  await disconnected(member)
  member = undefined
}

async function administer (call) {
  const admin = rdkafka.AdminClient.create(BROKERS)
  try {
    return await promised((done) => call(admin, done))
  } finally {
    admin.disconnect()
  }
}

const metadata = () => withReader((consumer) => promised((done) => consumer.getMetadata({ timeout: MS }, done)))

run({
  hello: async () => ({ version: `${require('node-rdkafka/package.json').version.replace('v', '')}, librdkafka ${rdkafka.librdkafkaVersion}` }),

  async produce ({ topic, records, codec = 'none', idempotent = false }) {
    const producer = await makeProducer(codec, idempotent)
    const places = await within(Promise.all(records.map((one) => deliver(producer, topic, one))), 'producing')
    await disconnected(producer)
    return { places }
  },

  async stream ({ topic, count, per_second: perSecond, idempotent = true }) {
    const producer = await makeProducer('none', idempotent)
    const encoded = (number) => encode(String(number))
    const answer = await stream(count, perSecond, (number) => deliver(producer, topic, {
      value: encoded(number), key: encoded(number % 97)
    }))
    await disconnected(producer)
    return answer
  },

  read: ({ topic, partition, start, count }) => withReader(async (consumer) => {
    const offset = typeof start === 'object' ? await offsetAt(consumer, topic, partition, start.timestamp) : { earliest: -2, latest: -1 }[start] ?? start
    consumer.assign([{ topic, partition, offset }])
    const found = []
    const end = Date.now() + MS
    while (found.length < count && Date.now() < end) {
      for (const one of await promised((done) => consumer.consume(count - found.length, done))) {
        const headers = (one.headers || []).flatMap((each) => Object.entries(each).map(([name, value]) => [name, encode(value)]))
        found.push(record(one.partition, one.offset, one.key, one.value, headers, one.timestamp))
      }
    }
    return { records: found }
  }),

  offset: ({ topic, partition, at }) => withReader(async (consumer) => {
    if (typeof at === 'number') return { offset: await offsetAt(consumer, topic, partition, at) }
    const found = await promised((done) => consumer.queryWatermarkOffsets(topic, partition, MS, done))
    return { offset: at === 'earliest' ? found.lowOffset : found.highOffset }
  }),

  async join ({ group, topic, strategy = 'eager', static: instance, reset = 'earliest', commit: mode = 'none', session_ms: session = 6000 }) {
    memberTopic = topic
    member = new rdkafka.KafkaConsumer({
      ...BROKERS,
      'group.id': group,
      'enable.auto.commit': mode === 'auto',
      'session.timeout.ms': session,
      'heartbeat.interval.ms': 500,
      'fetch.wait.max.ms': 50,
      'topic.metadata.refresh.interval.ms': 2000,
      'partition.assignment.strategy': strategy === 'cooperative' ? 'cooperative-sticky' : 'range',
      ...(instance ? { 'group.instance.id': instance } : {}),
      rebalance_cb: onRebalance(strategy),
      offset_commit_cb: (error, partitions) => committed.push({ error, partitions })
    }, { 'auto.offset.reset': reset })
    await connected(member)
    member.setDefaultConsumeTimeout(20)
    member.subscribe([topic])
    isOpen = true
    consumeAll(mode)
  },

  async commit ({ mode = 'sync' }) {
    committed = []
    try {
      commit(mode)
    } catch (error) {
      if (error.code !== rdkafka.CODES.ERRORS.ERR__NO_OFFSET) throw error // else everything is committed already
    }
    if (mode === 'sync') return
    await within((async () => { while (committed.length === 0) await pause(5) })(), 'committing')
    if (committed[0].error) throw committed[0].error
  },

  seek: ({ partition, offset }) => promised((done) => member.seek({ topic: memberTopic, partition, offset }, MS, done)),
  leave,

  create_topic: ({ topic, partitions, replication, configs }) => administer((admin, done) => admin.createTopic({
    topic, num_partitions: partitions, replication_factor: replication, config: configs || {}
  }, done)),
  delete_topic: ({ topic }) => administer((admin, done) => admin.deleteTopic(topic, done)),
  create_partitions: ({ topic, count }) => administer((admin, done) => admin.createPartitions(topic, count, done)),
  topics: async () => ({ topics: Object.fromEntries((await metadata()).topics.map((one) => [one.name, one.partitions.length])) }),
  group_offsets: async ({ group, topic, partitions }) => {
    const consumer = await connected(new rdkafka.KafkaConsumer({ ...BROKERS, 'group.id': group }, {}))
    const found = await promised((done) => consumer.committed(partitions.map((partition) => ({ topic, partition })), MS, done))
    await disconnected(consumer)
    return { offsets: found.map((one) => one.offset ?? -1) }
  },
  describe_cluster: async () => ({ brokers: (await metadata()).brokers.map((one) => one.id), controller: null })
}, leave)
