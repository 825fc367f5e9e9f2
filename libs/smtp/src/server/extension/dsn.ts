import { provided } from './row.ts'

// RFC 3461 §3
export const dsn = provided('DSN', (_dialogue, honours) => honours.dsn === true)
