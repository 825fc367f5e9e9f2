import type { NotifyCondition, RcptParameters } from './rcpt-parameters.ts'
import type { ParameterRow } from './row.ts'

const CONDITIONS: ReadonlyMap<string, NotifyCondition> = new Map([
  ['NEVER', 'never'],
  ['SUCCESS', 'success'],
  ['FAILURE', 'failure'],
  ['DELAY', 'delay'],
])

/** `NOTIFY=NEVER`, or some of SUCCESS, FAILURE and DELAY: when the sender wants to hear of this recipient. */
// RFC 3461 §4.1
export const notify: ParameterRow<RcptParameters> = {
  keyword: 'NOTIFY',
  extension: 'DSN',
  parse: (value) => {
    const conditions = new Set<NotifyCondition>()
    for (const word of value?.toUpperCase().split(',') ?? ['']) {
      const condition = CONDITIONS.get(word)
      if (condition === undefined) return undefined
      conditions.add(condition)
    }
    return conditions.size > 1 && conditions.has('never') ? undefined : { notify: [...conditions] }
  },
  format: (parameters) =>
    parameters.notify === undefined || parameters.notify.length === 0
      ? undefined
      : `NOTIFY=${parameters.notify.join(',').toUpperCase()}`,
}
