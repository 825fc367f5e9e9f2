import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { claim } from './port-claims.ts'

/** Offsets from the port base that a running system may listen on. */
const OFFSETS = [24, 25, 80, 110, 143, 366, 367, 465, 587, 993, 995]

/** A port base whose ports are all free at this moment; no other test of this machine is given them. */
export async function freePortBase(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const base = randomInt(20_000, 30_000)
    const free = await Promise.all(OFFSETS.map((offset) => isFree(base + offset)))
    if (free.every(Boolean) && OFFSETS.every((offset) => claim(base + offset))) return base
  }
  throw new Error('no port base with free ports was found in 50 attempts')
}

/** The first and the last port of `freePorts`: above those of `freePortBase`, below those that the kernel gives to clients. */
const FREE = { first: 31_000, last: 32_699 } as const
/** Two processes that ask at the same moment begin at different places, and go on from there. */
let next = (process.pid * 61) % (FREE.last - FREE.first + 1)

/** So many ports that are free at this moment; no other test of this machine is given them. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>()
  for (let attempt = 0; attempt < 50 * count && found.size < count; attempt++) {
    const port = FREE.first + next
    next = (next + 1) % (FREE.last - FREE.first + 1)
    if ((await isFree(port)) && claim(port)) found.add(port)
  }
  if (found.size < count) throw new Error(`${count} free ports were not found`)
  return [...found]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
