import type { Extension } from '../capability.ts'
import type { Decoder } from '../decoder.ts'
import type { CommandRow } from './command-row.ts'
import { append } from './command/append.ts'
import { authenticate } from './command/authenticate.ts'
import { capability } from './command/capability.ts'
import { check } from './command/check.ts'
import { close } from './command/close.ts'
import { copy, uidCopy } from './command/copy.ts'
import { create } from './command/create.ts'
import { delete_ } from './command/delete.ts'
import { enable } from './command/enable.ts'
import { expunge, uidExpunge } from './command/expunge.ts'
import { fetch, uidFetch } from './command/fetch.ts'
import { id } from './command/id.ts'
import { idle } from './command/idle.ts'
import { list } from './command/list.ts'
import { login } from './command/login.ts'
import { logout } from './command/logout.ts'
import { lsub } from './command/lsub.ts'
import { move, uidMove } from './command/move.ts'
import { namespace } from './command/namespace.ts'
import { noop } from './command/noop.ts'
import { rename } from './command/rename.ts'
import { search, uidSearch } from './command/search.ts'
import { examine, select } from './command/select.ts'
import { startTls } from './command/starttls.ts'
import { status } from './command/status.ts'
import { store, uidStore } from './command/store.ts'
import { subscribe, unsubscribe } from './command/subscribe.ts'
import { unselect } from './command/unselect.ts'

/** Every command there is. */
export const COMMANDS: readonly CommandRow[] = [
  capability,
  noop,
  logout,
  id,
  startTls,
  authenticate,
  login,
  enable,
  select,
  examine,
  create,
  delete_,
  rename,
  subscribe,
  unsubscribe,
  list,
  lsub,
  namespace,
  status,
  append,
  idle,
  check,
  close,
  unselect,
  expunge,
  uidExpunge,
  search,
  uidSearch,
  fetch,
  uidFetch,
  store,
  uidStore,
  copy,
  uidCopy,
  move,
  uidMove,
]

const BY_NAME: ReadonlyMap<string, CommandRow> = new Map(COMMANDS.map((row) => [row.name, row]))

/** Reads a command's name and gives its row, or undefined when there is none for this session. */
export function commandNamed(decoder: Decoder, extensions: ReadonlySet<Extension>): CommandRow | undefined {
  const start = decoder.offset
  let name = decoder.keyword()
  if (name === 'UID' && decoder.sp()) name = `UID ${decoder.keyword()}`
  const row = name === undefined ? undefined : BY_NAME.get(name)
  if (row !== undefined && (row.needs === undefined || extensions.has(row.needs))) return row
  decoder.offset = start
  return undefined
}
