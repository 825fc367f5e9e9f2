import { readFileSync } from 'node:fs'

import type { Command } from 'commander'

import { print, withOutput, type OutputFormat } from './output.ts'

/** The version of this installation. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return manifest.version
}

export function registerVersion(program: Command): void {
  withOutput(program.command('version').description('print the version')).action(
    ({ output }: { output: OutputFormat }) => {
      const versions = { cartero: version(), node: process.version }
      print(
        output === 'json' ? JSON.stringify(versions) : `cartero ${versions.cartero} (node ${versions.node})`,
      )
    },
  )
}
