import { provided } from './row.ts'

/** Without the name of a policy: the meaning of the levels is this server's own. */
// RFC 6710 §3
export const mtPriority = provided('MT-PRIORITY', (_dialogue, { priority }) => priority === true)
