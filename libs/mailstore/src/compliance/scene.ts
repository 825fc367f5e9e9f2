import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ContentId } from '@cartero/content'
import type { MessageIndex } from '@cartero/message'

import type { MailStoreLimits } from '../limits.ts'
import type { AppendOutcome, Mailbox, MailboxId, MailStore, MailStoreFault, NewMessage } from '../ports.ts'
import { MailStoreError } from '../ports.ts'

/** Time that a test moves. */
export interface TestClock {
  time: number
  now(): number
}

export interface MailStoreSetupOptions {
  readonly clock: TestClock
  readonly limits: Partial<MailStoreLimits>
}

export interface MailStoreFixture {
  readonly store: MailStore
  /** Closes the store and opens it on the same data; absent when nothing is durable. */
  reopen?(): Promise<MailStore>
  cleanup?(): Promise<void>
}

/** Makes an empty mailstore. */
export type MailStoreSetup = (options: MailStoreSetupOptions) => Promise<MailStoreFixture>

/** A mailstore in which `ann` and `ben` are provisioned, and what a test needs to speak of it briefly. */
export interface Scene {
  readonly store: MailStore
  readonly clock: TestClock
  reopen(): Promise<MailStore>
}

export type Trial = (
  title: string,
  body: (scene: Scene) => Promise<void>,
  limits?: Partial<MailStoreLimits>,
) => void

export function trialOf(setup: MailStoreSetup): Trial {
  return (title, body, limits = {}) => {
    test(title, async () => {
      const clock = { time: Date.UTC(2026, 0, 1), now: () => clock.time }
      const { store, reopen, cleanup } = await setup({ clock, limits })
      try {
        await store.provision('ann')
        await store.provision('ben')
        await body({
          store,
          clock,
          // What is durable nowhere goes on as it is.
          reopen: () => reopen?.() ?? Promise.resolve(store),
        })
      } finally {
        await store.close()
        await cleanup?.()
      }
    })
  }
}

let letters = 0

/** A message to ann's INBOX, unlike every other. */
export function letter(given: Partial<NewMessage> = {}): NewMessage {
  const content = `content-${String(++letters).padStart(6, '0')}` as ContentId
  const prefix = Buffer.from(`Received: by test; ${letters}\r\n`)
  const index = { letter: letters, subject: 'π "quoted" \\ \u0000' } as unknown as MessageIndex
  const size = prefix.length + 1000 + letters
  return {
    account: 'ann',
    mailbox: 'INBOX',
    content,
    prefix,
    index,
    size,
    flags: [],
    internalDate: letters,
    ...given,
  }
}

export type Appended = Extract<AppendOutcome, { kind: 'appended' }>

/** Appends letters that must be accepted. */
export async function post(store: MailStore, ...given: Partial<NewMessage>[]): Promise<Appended[]> {
  const outcomes = await store.append(given.map((each) => letter(each)))
  return outcomes.map((outcome) => {
    assert.equal(outcome.kind, 'appended')
    return outcome
  })
}

export async function find(store: MailStore, name = 'INBOX', account = 'ann'): Promise<Mailbox> {
  const found = await store.mailbox(account, name)
  assert.ok(found, `${account} has no ${name}`)
  return found
}

export async function idOf(store: MailStore, name = 'INBOX', account = 'ann'): Promise<MailboxId> {
  return (await find(store, name, account)).id
}

export async function namesOf(store: MailStore, account = 'ann'): Promise<string[]> {
  return (await store.mailboxes(account)).map(({ name }) => name)
}

export async function uidsIn(store: MailStore, name = 'INBOX', account = 'ann'): Promise<number[]> {
  const { rows } = await store.open(await idOf(store, name, account))
  return rows.map(({ uid }) => uid)
}

export async function refuses(promise: Promise<unknown>, fault: MailStoreFault): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof MailStoreError, String(error))
    assert.equal(error.fault, fault)
    return true
  })
}

/** The counters of a mailbox must be what its messages say, whatever happened. */
export async function assertCounted(store: MailStore, name = 'INBOX', account = 'ann'): Promise<void> {
  const { mailbox, rows, recent } = await store.open(await idOf(store, name, account))
  const messages = await store.fetch(
    mailbox.id,
    rows.map(({ uid }) => uid),
  )
  const unseen = rows.filter(({ flags }) => !flags.includes('\\Seen')).length
  const size = messages.reduce((octets, message) => octets + message.size, 0)
  assert.deepEqual(
    [mailbox.messages, mailbox.unseen, mailbox.recent, mailbox.size],
    [rows.length, unseen, recent.length, size],
  )
}
