import type { Queries } from '@cartero/sql/postgres'

import type { MailStoreLimits } from '../limits.ts'
import { parentsOf } from '../mailbox-name.ts'
import type { MailboxState } from '../mailbox-row.ts'
import { MailStoreError, type AccountId, type AppendOutcome, type MailboxId } from '../ports.ts'
import { lockOwners, octetsUsed, roomOf } from './accounts.ts'
import { insertMessages, usedKeys, type AppendLine, type KeptLine } from './append-lines.ts'
import { Household } from './household.ts'
import { countsOf, mailboxesAt, placeOf, saveMailboxes } from './mailboxes.ts'
import { countIn, KeywordUse, mayOverflow } from './messages.ts'

/** What one caller wants to be appended. */
export interface AppendCall {
  readonly lines: readonly AppendLine[]
  readonly allOrNothing: boolean
}

export interface AppendAnswer {
  readonly outcomes: readonly AppendOutcome[]
  /** Mailboxes that came into being, and whose they are. */
  readonly made: readonly (readonly [AccountId, MailboxId])[]
}

interface Taking {
  readonly household: Household
  /** Octets it may still take. */
  room: number
}

/** An outcome whose mailbox has its id only when it was written. */
type Provisional =
  | { readonly kind: 'appended'; readonly state: MailboxState; readonly uid: number; readonly modseq: number }
  | Exclude<AppendOutcome, { kind: 'appended' }>

/** Appends what several callers want, in one transaction: reads all that is concerned, decides here, writes all that was decided. */
export class AppendTransaction {
  readonly #queries: Queries
  readonly #limits: MailStoreLimits
  readonly #now: number
  readonly #takings = new Map<AccountId, Taking>()
  readonly #use = new KeywordUse()
  #used = new Set<string>()
  #kept: KeptLine[] = []

  constructor(queries: Queries, limits: MailStoreLimits, now: number) {
    this.#queries = queries
    this.#limits = limits
    this.#now = now
  }

  async run(calls: readonly AppendCall[]): Promise<readonly AppendAnswer[]> {
    const lines = calls.flatMap((call) => call.lines)
    await this.#read(lines)
    const answers = calls.map((call) => (call.allOrNothing ? this.#allOrNothing(call) : this.#each(call)))
    await this.#write()
    return answers.map(({ outcomes, made }) => ({
      outcomes: outcomes.map(finalOutcome),
      made: made.map((state) => [state.owner, state.id] as const),
    }))
  }

  /** Locks the accounts, and reads what is known of them then: the questions travel together, and are answered in this order. */
  async #read(lines: readonly AppendLine[]): Promise<void> {
    const names = [...new Set(lines.map(({ account }) => account))]
    const living = this.#now - this.#limits.keyLifetime
    const places = placesOf(lines)
    const [owners, used, states, keys] = await Promise.all([
      lockOwners(this.#queries, names),
      octetsUsed(this.#queries, names),
      mailboxesAt(
        this.#queries,
        places.map(([account]) => account),
        places.map(([, name]) => name),
      ),
      usedKeys(this.#queries, lines, living),
    ])
    for (const owner of owners) {
      this.#takings.set(owner.name, { household: new Household(owner), room: roomOf(owner, used) })
    }
    for (const state of states) this.#takings.get(state.owner)?.household.add(state)
    this.#used = keys
    await this.#readCounts(lines)
    await this.#readKeywords(lines)
  }

  /** Of the accounts in which a mailbox may have to be made. */
  async #readCounts(lines: readonly AppendLine[]): Promise<void> {
    const making = new Set<Household>()
    for (const { account, mailbox, create } of lines) {
      const household = this.#takings.get(account)?.household
      if (create && household && !household.selectable(mailbox)) making.add(household)
    }
    if (making.size === 0) return
    const ids = [...making].map(({ owner }) => owner.id)
    const counts = await countsOf(this.#queries, ids)
    for (const household of making) household.count = counts.get(household.owner.id) ?? 0
  }

  async #readKeywords(lines: readonly AppendLine[]): Promise<void> {
    const given = Map.groupBy(
      lines.filter(({ keywords }) => keywords !== ''),
      ({ account, mailbox }) => this.#takings.get(account)?.household.selectable(mailbox),
    )
    const full = [...given].flatMap(([state, wanted]) =>
      state &&
      mayOverflow(
        state,
        wanted.map(({ keywords }) => keywords),
        this.#limits,
      )
        ? [state]
        : [],
    )
    await this.#use.read(this.#queries, full)
  }

  #each({ lines }: AppendCall): { outcomes: readonly Provisional[]; made: readonly MailboxState[] } {
    const made: MailboxState[] = []
    return { outcomes: lines.map((line) => this.#append(line, made)), made }
  }

  #allOrNothing(call: AppendCall): { outcomes: readonly Provisional[]; made: readonly MailboxState[] } {
    const undo = this.#savepoint(call)
    const answer = this.#each(call)
    const refusal = answer.outcomes.find(({ kind }) => kind !== 'appended' && kind !== 'duplicate')
    if (refusal === undefined) return answer
    undo()
    return { outcomes: call.lines.map(() => refusal), made: [] }
  }

  #savepoint({ lines }: AppendCall): () => void {
    const concerned = [...new Set(lines.map(({ account }) => this.#takings.get(account)))]
    const undo = concerned.map((taking) => {
      const [restore, room] = [taking?.household.savepoint(), taking?.room]
      return () => {
        restore?.()
        if (taking && room !== undefined) taking.room = room
      }
    })
    const [kept, used] = [this.#kept.length, new Set(this.#used)]
    return () => {
      for (const each of undo) each()
      this.#kept.length = kept
      this.#used = used
    }
  }

  #append(line: AppendLine, made: MailboxState[]): Provisional {
    const taking = this.#takings.get(line.account)
    if (taking === undefined) return { kind: 'noAccount' }
    const key = line.key === null ? undefined : placeOf(taking.household.owner.id, line.key)
    if (key !== undefined && this.#used.has(key)) return { kind: 'duplicate' }
    if (line.size > taking.room) return { kind: 'overQuota' }
    const state = this.#mailbox(taking.household, line, made)
    if (state === undefined) return { kind: 'noMailbox' }
    if (state.uidNext > this.#limits.lastUid) return { kind: 'overQuota' }
    taking.room -= line.size
    if (key !== undefined) this.#used.add(key)
    return this.#keep(line, state)
  }

  #keep(line: AppendLine, state: MailboxState): Provisional {
    const keywords = this.#use.admit(state, line.keywords, this.#limits)
    const modseq = ++state.modseq
    const uid = countIn(state, line.size, line.flags)
    this.#kept.push({ line, state, uid, modseq, keywords })
    return { kind: 'appended', state, uid, modseq }
  }

  /** The mailbox, made if that was asked for. */
  #mailbox(
    household: Household,
    { mailbox, create }: AppendLine,
    made: MailboxState[],
  ): MailboxState | undefined {
    const found = household.selectable(mailbox)
    if (found || !create || mailbox === '') return found
    try {
      made.push(...household.make(mailbox, { now: this.#now, limits: this.#limits }))
    } catch (error) {
      if (!(error instanceof MailStoreError)) throw error
    }
    return household.selectable(mailbox)
  }

  async #write(): Promise<void> {
    await Household.keep(
      this.#queries,
      [...this.#takings.values()].map(({ household }) => household),
    )
    if (this.#kept.length === 0) return
    await Promise.all([
      insertMessages(this.#queries, this.#kept, this.#now),
      saveMailboxes(this.#queries, [...new Set(this.#kept.map(({ state }) => state))]),
    ])
  }
}

/** Mailboxes that are asked for, each once, and the parents of those that may have to be made. */
function placesOf(lines: readonly AppendLine[]): readonly (readonly [AccountId, string])[] {
  const places = new Map<string, readonly [AccountId, string]>()
  for (const { account, mailbox, create } of lines) {
    if (mailbox === '') continue
    for (const name of create ? [mailbox, ...parentsOf(mailbox)] : [mailbox]) {
      // No name of a mailbox has a line feed.
      places.set(`${name}\n${account}`, [account, name])
    }
  }
  return [...places.values()]
}

function finalOutcome(outcome: Provisional): AppendOutcome {
  if (outcome.kind !== 'appended') return outcome
  const { kind, state, uid, modseq } = outcome
  return { kind, mailbox: state.id, uidValidity: state.uidValidity, uid, modseq }
}
