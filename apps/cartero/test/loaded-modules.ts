// Notes which modules a process loads, in the file that LOADED_MODULES names; for `node --import`.
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const file = process.env['LOADED_MODULES']!
const noted = new Set<string>()

registerHooks({
  load(url, context, next) {
    if (!noted.has(url)) appendFileSync(file, `${url}\n`)
    noted.add(url)
    return next(url, context)
  },
})
