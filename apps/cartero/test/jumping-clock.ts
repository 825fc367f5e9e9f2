// Preloaded into a process under test, in each of its threads: its time of day is off by the milliseconds in a file, as after
// somebody has set the clock. Timers go on as they did, as they do then.
import { readFileSync } from 'node:fs'

const file = process.env['JUMPING_CLOCK'] ?? ''
const EVERY_MS = 10
const realNow = Date.now
let offset = 0

function look(): void {
  offset = Number(readFileSync(file, 'utf8'))
}

look()
setInterval(look, EVERY_MS).unref()
Date.now = () => realNow() + offset
