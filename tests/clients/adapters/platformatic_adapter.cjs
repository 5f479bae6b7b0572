// @platformatic/kafka, written in JavaScript throughout, the newest versions of most APIs.
'use strict'

const { readFileSync } = require('node:fs')
const path = require('node:path')
const { Admin, Consumer, Producer, ConfigResourceTypes } = require('@platformatic/kafka')
const { decode, emit, encode, pause, record, run, stream, within } = require('./_base.cjs')

const COMMON = {
  clientId: 'kontiki-test',
  bootstrapBrokers: process.argv[2].split(','),
  retries: 10,
  retryDelay: 100,
  timeout: 10000,
  connectTimeout: 2000
}

// It does not export its package.json.
const packageFile = () => path.join(path.dirname(require.resolve('@platformatic/kafka')), '..', 'package.json')

let member // of a group
let messages // its stream
let memberTopic
const position = new Map() // partition -> next offset

async function using (client, action) {
  try {
    return await action(client)
  } finally {
    await client.close()
  }
}

const administer = (action) => using(new Admin(COMMON), action)
const makeProducer = (idempotent) => new Producer({ ...COMMON, idempotent, acks: -1 })
const makeReader = () => new Consumer({ ...COMMON, groupId: `reader-${process.pid}-${Date.now()}`, maxWaitTime: 50 })
const commitable = () => [...position].map(([partition, offset]) => ({ topic: memberTopic, partition, offset, leaderEpoch: -1 }))

function message (topic, one) {
  const headers = new Map((one.headers || []).map(([name, value]) => [Buffer.from(name), decode(value)]))
  return {
    topic, key: decode(one.key) ?? undefined, value: decode(one.value) ?? undefined, partition: one.partition, headers,
    timestamp: one.timestamp === undefined ? undefined : BigInt(one.timestamp)
  }
}

// A send that failed because leaders changed is repeated: the client asks for the new ones once per send only.
async function sendAgain (producer, batch) {
  for (let attempt = 0; ; ++attempt) {
    try {
      return await producer.send({ messages: batch })
    } catch (error) {
      if (attempt >= 20) throw error
      console.error('send:', error.message)
    }
  }
}

async function offsetOf (topic, partition, at) {
  const timestamp = BigInt({ earliest: -2, latest: -1 }[at] ?? at)
  const [found] = await administer((admin) => admin.listOffsets({
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }]
  }))
  return found.partitions[0].offset
}

async function leave () {
  if (!member) return
  const leaver = member
  member = undefined
  await messages?.close()
  await leaver.close()
}

async function openStream (fallbackMode, autocommit, offsets) {
  messages = await member.consume({
    topics: [memberTopic], mode: offsets ? 'manual' : 'committed', fallbackMode, autocommit, offsets
  })
  messages.on('error', (error) => console.error('stream:', error))
}

// Reads the stream until it ends, in batches of what is there.
async function pump (from, commit) {
  let waiting = []
  let scheduled = false
  const flush = async () => {
    scheduled = false
    const now = waiting
    waiting = []
    emit({ event: 'records', records: now.map((one) => [one.partition, Number(one.offset), one.value.toString()]) })
    for (const one of now) position.set(one.partition, one.offset + 1n)
    if (commit === 'sync' && member) await member.commit({ offsets: commitable() }).catch((error) => console.error('commit:', error))
  }
  for await (const one of from) {
    waiting.push(one)
    if (!scheduled) {
      scheduled = true
      setImmediate(flush)
    }
  }
}



// A stream ends with the first error; the application opens another one.
async function consumeAll (reset, commit) {
  while (member) {
    await pump(messages, commit).catch((error) => console.error('stream:', error))
    while (member) {
      try {
        await pause(200)
        if (member) await openStream(reset, commit === 'auto' ? 1000 : false)
        break
      } catch (error) {
        console.error('another stream:', error)
      }
    }
  }
}

run({
  hello: async () => ({ version: JSON.parse(readFileSync(packageFile())).version }),

  produce: ({ topic, records, codec = 'none', idempotent = false }) => using(makeProducer(idempotent), async (producer) => {
    const { offsets } = await producer.send({ messages: records.map((one) => message(topic, one)), compression: codec })
    const [{ partition, offset }] = offsets
    return { places: records.map((_, i) => [partition, Number(offset) + i]) }
  }),

  stream: ({ topic, count, per_second: perSecond, idempotent = false }) => using(makeProducer(idempotent), async (producer) => {
    let gathered = []
    let last = Promise.resolve()
    const flush = () => {
      const now = gathered
      gathered = []
      if (now.length === 0) return
      last = last.then(() => sendAgain(producer, now.map((one) => one.message))).then(
        () => now.forEach((one) => one.resolve()), (error) => now.forEach((one) => one.reject(error)))
    }
    const timer = setInterval(flush, 20)
    const answer = await stream(count, perSecond, (number) => new Promise((resolve, reject) => {
      gathered.push({ message: { topic, key: Buffer.from(String(number % 97)), value: Buffer.from(String(number)) }, resolve, reject })
    }))
    clearInterval(timer)
    return answer
  }),

  async read ({ topic, partition, start, count }) {
    const offset = typeof start === 'number' ? BigInt(start) : await offsetOf(topic, partition, start.timestamp ?? start)
    return using(makeReader(), async (consumer) => {
      const from = await consumer.consume({
        topics: [topic], mode: 'manual', offsets: [{ topic, partition, offset }], autocommit: false
      })
      const found = []
      await within((async () => {
        for await (const one of from) {
          if (one.partition !== partition) continue
          const headers = [...one.headers].flatMap(([name, value]) => [[name.toString(), encode(value)]])
          found.push(record(one.partition, one.offset, one.key, one.value, headers, one.timestamp))
          if (found.length >= count) break
        }
      })(), 'reading')
      await from.close().catch(() => {})
      return { records: found }
    })
  },

  offset: async ({ topic, partition, at }) => ({ offset: Number(await offsetOf(topic, partition, at)) }),

  async join ({ group, topic, strategy = 'eager', static: instance, reset = 'earliest', commit = 'none', session_ms: sessionTimeout = 6000 }) {
    memberTopic = topic
    member = new Consumer({
      ...COMMON, groupId: group, groupInstanceId: instance, sessionTimeout, heartbeatInterval: 500, rebalanceTimeout: Math.max(10000, sessionTimeout),
      metadataMaxAge: 2000, maxWaitTime: 50,
      ...(strategy === 'cooperative' ? { protocols: [{ name: 'cooperative-sticky', version: 3 }] } : {})
    })
    const assigned = () => {
      const partitions = (member?.assignments || []).flatMap((one) => (one.topic === topic ? one.partitions : []))
      for (const one of position.keys()) if (!partitions.includes(one)) position.delete(one)
      emit({ event: 'assigned', partitions })
    }
    member.on('consumer:group:join', assigned)
    if (strategy === 'eager') member.on('consumer:group:rebalance', () => emit({ event: 'assigned', partitions: [] }))
    member.on('error', (error) => console.error('consumer:', error))
    await openStream(reset, commit === 'auto' ? 1000 : false)
    consumeAll(reset, commit)
  },

  commit: () => member.commit({ offsets: commitable() }),

  leave,

  create_topic: ({ topic, partitions, replication, configs }) => administer((admin) => admin.createTopics({
    topics: [topic], partitions, replicas: replication, configs: Object.entries(configs || {}).map(([name, value]) => ({ name, value }))
  }).then(() => {})),
  delete_topic: ({ topic }) => administer((admin) => admin.deleteTopics({ topics: [topic] })),
  topics: () => administer(async (admin) => {
    const topics = await admin.listTopics()
    const metadata = topics.length ? await admin.metadata({ topics, forceUpdate: true }) : { topics: new Map() }
    return { topics: Object.fromEntries([...metadata.topics].map(([name, one]) => [name, one.partitionsCount])) }
  }),
  create_partitions: ({ topic, count }) => administer((admin) => admin.createPartitions({ topics: [{ name: topic, count, assignments: null }] })),
  describe_configs: ({ topic }) => administer(async (admin) => {
    const [found] = await admin.describeConfigs({
      resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: [] }], includeSynonyms: true
    })
    return { configs: Object.fromEntries(found.configs.map((one) => [one.name, one.value])) }
  }),
  alter_configs: ({ topic, configs }) => administer((admin) => admin.incrementalAlterConfigs({
    resources: [{
      resourceType: ConfigResourceTypes.TOPIC, resourceName: topic,
      configs: Object.entries(configs).map(([name, value]) => ({ name, value, configOperation: 0 }))
    }]
  })),
  describe_cluster: () => administer(async (admin) => {
    const found = await admin.metadata({ topics: [], forceUpdate: true })
    return { brokers: [...found.brokers.keys()], controller: found.controllerId }
  }),
  list_groups: () => administer(async (admin) => ({ groups: [...(await admin.listGroups()).keys()] })),
  describe_group: ({ group }) => administer(async (admin) => {
    const found = (await admin.describeGroups({ groups: [group] })).get(group)
    return { state: found.state[0].toUpperCase() + found.state.slice(1).toLowerCase(), members: found.members.size }
  }),
  delete_group: ({ group }) => administer((admin) => admin.deleteGroups({ groups: [group] })),
  group_offsets: ({ group, topic, partitions }) => administer(async (admin) => {
    const [found] = await admin.listConsumerGroupOffsets({ groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: partitions }] }] })
    const all = new Map(found.topics[0].partitions.map((one) => [one.partitionIndex, Number(one.committedOffset)]))
    return { offsets: partitions.map((one) => all.get(one)) }
  }),
  alter_group_offsets: ({ group, topic, offsets }) => administer((admin) => admin.alterConsumerGroupOffsets({
    groupId: group, topics: [{ name: topic, partitionOffsets: offsets.map((offset, partition) => ({ partition, offset: BigInt(offset) })) }]
  })),
  delete_records: ({ topic, partition, before }) => administer((admin) => admin.deleteRecords({
    topics: [{ name: topic, partitions: [{ partition, offset: BigInt(before) }] }]
  }).then(() => {}))
}, leave)
