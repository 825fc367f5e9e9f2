import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PeerProcess } from '@cartero/testkit'
import { unpacked } from './peer.ts'

export const HAPROXY = unpacked('haproxy/usr/sbin/haproxy')

export interface Haproxy extends AsyncDisposable {
  /** Each door that was asked for, with the state of the server behind it as the proxy's own checks find it: `L7OK` when well. */
  states(): Promise<Readonly<Record<string, string>>>
  log(): string
}

export interface HaproxyDoor {
  readonly name: string
  readonly port: number
  /** How it tells for whom it speaks, as its configuration has it. */
  readonly says: string
}

/** Debian's HAProxy before our port, which it asks again and again whether we are there. */
export async function startHaproxy(doors: readonly HaproxyDoor[], port: number): Promise<Haproxy> {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-haproxy-'))
  const file = join(folder, 'haproxy.cfg')
  const socket = join(folder, 'stats')
  writeFileSync(file, configuration(doors, port, socket))
  const daemon = new PeerProcess(HAPROXY!, ['-db', '-f', file])
  return {
    states: () => statesAt(socket),
    log: () => daemon.said,
    [Symbol.asyncDispose]: async () => {
      await daemon[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const configuration = (doors: readonly HaproxyDoor[], port: number, socket: string): string => `
global
  stats socket ${socket}
defaults
  mode tcp
  option smtpchk EHLO haproxy.peer.test
  unique-id-format %{+X}o\\ %ci:%cp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${doors.map((door) => listener(door, port)).join('')}`

const listener = ({ name, port: from, says }: HaproxyDoor, to: number): string => `
listen ${name}
  bind 127.0.0.1:${from}
  server cartero 127.0.0.1:${to} ${says} check inter 100ms
`

async function statesAt(socket: string): Promise<Record<string, string>> {
  const stream = connect(socket)
  stream.end('show stat\n')
  let text = ''
  for await (const bytes of stream) text += String(bytes)
  const [names = [], ...rows] = text
    .replace(/^# /, '')
    .trim()
    .split('\n')
    .map((line) => line.split(','))
  const at = (row: readonly string[], name: string): string => row[names.indexOf(name)] ?? ''
  const servers = rows.filter((row) => at(row, 'svname') === 'cartero')
  return Object.fromEntries(servers.map((row) => [at(row, 'pxname'), at(row, 'check_status')]))
}
