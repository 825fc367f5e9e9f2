import type { Database } from '@cartero/sql/procedures'

import type { MailStoreFault } from '../../ports.ts'

/** The caller asked for what cannot be done; it travels as a value, because it is nobody's fault here. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly fault: MailStoreFault

  constructor(fault: MailStoreFault, message: string) {
    super(message)
    this.fault = fault
  }
}

export type Answer<R> = { readonly done: R } | { readonly refused: MailStoreFault; readonly message: string }

/** Makes procedures whose refusals are answers, and leave nothing behind. */
export class Attempts {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  write<A, R>(act: (argument: A) => R): (argument: A) => Answer<R> {
    return (argument) => {
      this.#database.exec('SAVEPOINT attempt')
      const answer = answered(act, argument)
      this.#database.exec('done' in answer ? 'RELEASE attempt' : 'ROLLBACK TO attempt; RELEASE attempt')
      return answer
    }
  }

  read<A, R>(act: (argument: A) => R): (argument: A) => Answer<R> {
    return (argument) => answered(act, argument)
  }
}

/** Anything that is no refusal is thrown: the call's own savepoint undoes it. */
function answered<A, R>(act: (argument: A) => R, argument: A): Answer<R> {
  try {
    return { done: act(argument) }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { refused: error.fault, message: error.message }
  }
}
