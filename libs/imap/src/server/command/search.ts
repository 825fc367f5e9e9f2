import { readSearch, type SearchCommand } from '../../command/search.ts'
import { NumberSet } from '../../number-set.ts'
import type { SearchResult, UntaggedResponse } from '../../response.ts'
import type { SearchReturn } from '../../search-key.ts'
import { ask, ok, type CommandFacts, type CommandRow } from '../command-row.ts'
import type { Found, FullSession } from '../session.ts'

/** RFC 3501 §6.4.4, ESEARCH of RFC 4731, SAVE of RFC 5182. */
export const search: CommandRow = searchRow('SEARCH', false)
export const uidSearch: CommandRow = searchRow('UID SEARCH', true)

function searchRow(name: string, uid: boolean): CommandRow {
  return {
    name,
    state: 'selected',
    expunges: uid,
    read: (decoder, facts) => {
      const command = readSearch(decoder, uid)
      if (command.return?.includes('SAVE') && !facts.extensions.has('SEARCHRES')) {
        decoder.fault('a return option on offer')
      }
      return ask(async (session) => {
        const found = await searched(session, command)
        const untagged = result(found, command, facts)
        return ok('Searched', { untagged: untagged === undefined ? [] : [untagged] })
      })
    },
  }
}

/** Searches; a search that fails leaves nothing saved (RFC 5182 §2.1). */
async function searched(session: FullSession, command: SearchCommand): Promise<Found> {
  const saves = command.return?.includes('SAVE')
  try {
    const found = await session.search(command.criteria)
    if (saves) session.saveResult?.(toSave(found.uids, command.return ?? []))
    return found
  } catch (error) {
    if (saves) session.saveResult?.([])
    throw error
  }
}

/** With only MIN or MAX, only those are saved (RFC 5182 §2.4). */
function toSave(uids: readonly number[], options: readonly SearchReturn[]): readonly number[] {
  if (options.includes('ALL') || options.includes('COUNT')) return uids
  const min = options.includes('MIN')
  const max = options.includes('MAX')
  if (!min && !max) return uids
  const ends = [...(min ? uids.slice(0, 1) : []), ...(max ? uids.slice(-1) : [])]
  return [...new Set(ends)]
}

function result(found: Found, command: SearchCommand, facts: CommandFacts): UntaggedResponse | undefined {
  const numbers = command.uid ? found.uids : found.sequences
  const modseq = found.modseq !== undefined && numbers.length > 0 && { modseq: found.modseq }
  // RFC 9051 §6.4.4: rev2 knows no SEARCH response
  const options = command.return ?? (facts.rev2.enabled ? ['ALL'] : undefined)
  if (options === undefined) return { kind: 'search', numbers, ...modseq }
  if (options.every((option) => option === 'SAVE')) return undefined
  return { ...esearch(numbers, options), tag: facts.tag, uid: command.uid, ...modseq }
}

function esearch(numbers: readonly number[], options: readonly string[]): Omit<SearchResult, 'tag' | 'uid'> {
  const some = numbers.length > 0
  return {
    kind: 'esearch',
    ...(some && options.includes('MIN') && { min: numbers[0]! }),
    ...(some && options.includes('MAX') && { max: numbers.at(-1)! }),
    ...(some && options.includes('ALL') && { all: NumberSet.of(numbers) }),
    ...(options.includes('COUNT') && { count: numbers.length }),
  }
}
