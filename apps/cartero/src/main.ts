#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

/** Milliseconds that a forgotten handle may keep the process after its work is done. */
const LINGERING = 2_000

// Mail and keys are for their owner: whatever is made, nobody else may read it.
process.umask(0o077)
enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/node'))

const { commandNamed, runCommandLine } = await import('./cli/program.ts')
await runCommandLine([...commandNamed(process.argv[1] ?? ''), ...process.argv.slice(2)])

setTimeout(() => process.exit(), LINGERING).unref()
