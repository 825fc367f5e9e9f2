// Fills the compile cache of the image with every module of ours and what they need, whichever agent will run: an agent that has to
// strip types keeps 25 MB for having done so, and a read-only container would do it at each start.

import { globSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const modules = globSync('{apps,libs}/*/src/**/*.ts', { cwd: root }).filter(
  (file) => !file.endsWith('/main.ts'),
)

// Threads expect whoever starts them, and say so: they are in the cache all the same.
for (const module of modules) await import(join(root, module)).catch(() => {})
// What main.ts is told to do: print its version, and the program with it.
process.argv.push('version')
await import(join(root, 'apps/cartero/src/main.ts'))
console.log(`${modules.length} modules are warm`)
