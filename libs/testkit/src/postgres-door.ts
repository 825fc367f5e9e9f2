import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { Transform } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

import type { PostgresServer } from './postgres-server.ts'

/** What stops in a door that is paused: all of it, or only what the server says, so that what was asked is done and never answered. */
export type PausedWay = 'both' | 'answers'

/** Stands on loopback before a server and makes it slow, silent, or gone. Whatever it does holds for those inside, too. */
export class PostgresDoor implements AsyncDisposable {
  readonly #server: Server
  readonly #target: () => string
  readonly #inside = new Set<Socket>()
  #paused: PausedWay | undefined
  #resumed = Promise.withResolvers<void>()
  #delay = 0
  #isRefusing = false

  private constructor(target: () => string) {
    this.#target = target
    this.#server = createServer((socket) => this.#enter(socket))
  }

  /** `await using door = await PostgresDoor.before(server)` */
  static async before(server: Pick<PostgresServer, 'socket'>): Promise<PostgresDoor> {
    const door = new PostgresDoor(() => server.socket)
    door.#server.listen(0, '127.0.0.1')
    await once(door.#server, 'listening')
    return door
  }

  /** As `PostgresServer.url`, through the door. */
  get url(): string {
    return `postgres://cartero@127.0.0.1:${this.port}/postgres`
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections inside. */
  get connections(): number {
    return this.#inside.size
  }

  /** Nothing passes any more and nobody is told, as in a network that is cut; connections are taken. */
  pause(way: PausedWay = 'both'): void {
    this.#paused = way
  }

  /** All that waited passes. */
  resume(): void {
    this.#paused = undefined
    this.#resumed.resolve()
    this.#resumed = Promise.withResolvers()
  }

  /** Everything takes so much longer, in milliseconds, each way. */
  delay(milliseconds: number): void {
    this.#delay = milliseconds
  }

  /** Throws out who is inside. */
  cut(): void {
    for (const socket of this.#inside) socket.resetAndDestroy()
  }

  /** Closes whoever comes from now on, until it is `false`. */
  refuse(isRefusing = true): void {
    this.#isRefusing = isRefusing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resume()
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #enter(client: Socket): void {
    if (this.#isRefusing) {
      client.resetAndDestroy()
      return
    }
    const server = createConnection(this.#target())
    this.#inside.add(client)
    const leave = (): void => {
      this.#inside.delete(client)
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) socket.on('error', leave).on('close', leave)
    client.pipe(this.#way('questions')).pipe(server)
    server.pipe(this.#way('answers')).pipe(client)
  }

  #way(way: 'questions' | 'answers'): Transform {
    return new Transform({
      transform: (bytes, _, done) => {
        void this.#pass(way, () => done(null, bytes))
      },
    })
  }

  async #pass(way: 'questions' | 'answers', go: () => void): Promise<void> {
    if (this.#delay > 0) await sleep(this.#delay)
    while (this.#paused === 'both' || this.#paused === way) await this.#resumed.promise
    go()
  }
}
