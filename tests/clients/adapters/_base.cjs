// The loop of an adapter that is written in JavaScript: operations from standard input, one after the other, events to
// standard output. An operation is a function of the adapter; what it throws is the client's answer.
'use strict'

const readline = require('node:readline')
const { inspect } = require('node:util')

const SECONDS = 30

const encode = (data) => (data === null || data === undefined ? null : Buffer.from(data).toString('base64'))
const decode = (text) => (text === null || text === undefined ? null : Buffer.from(text, 'base64'))
const emit = (message) => process.stdout.write(JSON.stringify(message) + '\n')
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

// A promise that fails after so long, so that a client that is stuck says so.
function within (promise, what, seconds = SECONDS) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${seconds} s`)), seconds * 1000)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

// Calls send(number) for 0, 1, 2... at the given rate and counts what becomes of them.
async function stream (count, perSecond, send) {
  const answer = { acknowledged: [], failed: [] }
  const sent = []
  const begin = Date.now()
  for (let number = 0; number < count; ++number) {
    while (Date.now() - begin < number * 1000 / perSecond) await pause(1)
    sent.push(send(number).then(() => answer.acknowledged.push(number), (error) => {
      console.error(`message ${number}:`, inspect(error, { depth: 6 }))
      answer.failed.push(number)
    }))
  }
  await within(Promise.all(sent), 'the end of the stream', 60)
  return answer
}

// What is read, as the operation `read` answers it.
const record = (partition, offset, key, value, headers, timestamp) =>
  [partition, Number(offset), encode(key), encode(value), headers, Number(timestamp)]

// {name: value or [values]} as pairs.
const pairs = (headers) => Object.entries(headers || {}).flatMap(
  ([name, values]) => (Array.isArray(values) ? values : [values]).map((value) => [name, encode(value)]))

function grouped (headers) {
  const found = {}
  for (const [name, value] of headers || []) (found[name] ||= []).push(decode(value))
  return found
}

// operations: name -> async function; finish: the clean end.
async function run (operations, finish) {
  process.on('unhandledRejection', (error) => console.error('unhandled:', error))
  process.on('uncaughtException', (error) => console.error('uncaught:', error))
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { id, op, ...given } = JSON.parse(line)
    try {
      emit({ id, ok: (await operations[op](given)) || {} })
    } catch (error) {
      console.error(inspect(error, { depth: 6 }))
      const causes = (error.errors || []).map((one) => one.message).join('; ')
      emit({ id, error: `${error.name}: ${error.message}${causes && ` (${causes})`}` })
    }
  }
  await finish()
  process.exit(0)
}

module.exports = { SECONDS, decode, emit, encode, grouped, pairs, pause, record, run, stream, within }
