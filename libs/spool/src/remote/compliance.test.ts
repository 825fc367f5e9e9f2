import { describeSpool } from '../compliance/index.ts'
import { Apart, asOneSpool } from './apart.ts'

describeSpool('over a socket', async (clock) => {
  const apart = await Apart.open({ clock })
  return { content: apart.content, spool: asOneSpool(apart) }
})
