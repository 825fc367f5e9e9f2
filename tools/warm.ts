// Fills the compile cache after an installation, so that the first start is as quick and as small as any other:
// a process that has to strip types keeps 25 MB for having done so. Nothing depends on it.
const MODULES = [
  '../apps/cartero/src/main.ts',
  '../apps/cartero/src/cli/dev.ts',
  '../apps/cartero/src/cli/serve.ts',
  '../apps/cartero/src/run.ts',
  '../apps/cartero/src/self-signed-thread.ts',
  '../libs/sql/src/thread.ts',
  '../libs/directory/src/sqlite/procedures.ts',
  '../libs/mailstore/src/sqlite/worker/procedures.ts',
  '../libs/spool/src/embedded/procedures.ts',
]

// What main.ts is told to do: print its version.
process.argv.push('version')
for (const module of MODULES) await import(module).catch(() => {})
