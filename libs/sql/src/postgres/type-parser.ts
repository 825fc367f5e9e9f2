import pg from 'pg'

/** Number of the type int8 in pg_type. */
const INT8: number = pg.types.builtins.INT8

/** As the driver's, but int8 is a number. */
export const typeParser = ((type: number, format?: 'text' | 'binary'): unknown =>
  type === INT8 && format !== 'binary'
    ? exactNumber
    : pg.types.getTypeParser(type, format)) as typeof pg.types.getTypeParser

function exactNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is not exact as a number`)
  return value
}
