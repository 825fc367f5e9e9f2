import { provided, type ExtensionRow } from './row.ts'

/** Also before a login: clients look for it in the first answer, and not in a later one. */
// RFC 2645 §5.1.1
export const atrn: ExtensionRow = {
  ...provided('ATRN', ({ session }) => session.turn !== undefined),
  inOdmr: true,
}
