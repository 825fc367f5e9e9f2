// Fills the compile cache of the image with every module of ours and what they need, whichever agent will run: an agent that has to
// strip types keeps 25 MB for having done so, and a read-only container would do it at each start.

import { globSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const modules = globSync('{apps,libs}/*/src/**/*.ts', { cwd: root }).filter(
  (file) => !file.endsWith('/main.ts'),
)

for (const module of modules) {
  await import(join(root, module)).catch((error: unknown) => {
    // Threads miss whoever starts them, and are in the cache all the same. What cannot even be read is for nobody.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND')
      throw error
  })
}
// What main.ts is told to do: print its version, and the program with it.
process.argv.push('version')
await import(join(root, 'apps/cartero/src/main.ts'))
console.log(`${modules.length} modules are warm`)
