// Each house rule is shown something it forbids and must cry; each exception is shown and must stay silent.
// The fixtures are written into a workspace of their own and linted with the real configuration.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Path, layer, public name, dependencies of each room in the canary's workspace. */
const rooms: ReadonlyArray<
  readonly [path: string, layer: string, name: string, dependencies: readonly string[]]
> = [
  ['libs/wire', 'grammar', '@cartero/wire', ['@cartero/syntax', '@cartero/agent']],
  ['libs/syntax', 'grammar', '@cartero/syntax', ['@cartero/wire']],
  ['libs/sasl', 'grammar', '@cartero/sasl', ['@cartero/message', '@cartero/syntax']],
  ['libs/message', 'grammar', '@cartero/message', ['@cartero/wire']],
  ['libs/smtp', 'grammar', '@cartero/smtp', ['@cartero/sasl', '@cartero/imap']],
  ['libs/imap', 'grammar', '@cartero/imap', []],
  ['libs/newcomer', 'grammar', '@cartero/newcomer', ['@cartero/wire']],
  ['libs/agent', 'platform', '@cartero/agent', ['@cartero/wire', '@cartero/spool', 'prom-client']],
  ['libs/bus', 'platform', '@cartero/bus', ['@cartero/agent', 'nats', '@grpc/grpc-js']],
  ['libs/sql', 'platform', '@cartero/sql', []],
  [
    'libs/spool',
    'domain',
    '@cartero/spool',
    ['@cartero/sql', '@cartero/mailstore', '@cartero/testkit', 'nats'],
  ],
  ['libs/mailstore', 'domain', '@cartero/mailstore', ['prom-client', '@grpc/grpc-js', 'dns-packet']],
  ['libs/testkit', 'test', '@cartero/testkit', []],
  ['libs/untagged', '', '@cartero/untagged', ['@cartero/wire']],
  ['apps/mta', 'app', '@cartero/mta-agent', ['@cartero/spool', '@cartero/mda-agent']],
  ['apps/mda', 'app', '@cartero/mda-agent', []],
  ['apps/cartero', 'app', '@cartero/cartero', ['@cartero/mta-agent']],
]

const forbidden: ReadonlyArray<readonly [what: string, file: string, code: string, rule: string]> = [
  [
    'a workspace package that is not declared',
    'libs/imap/src/a.ts',
    `export * from '@cartero/wire'`,
    'declared-dependencies',
  ],
  ['an npm package that is not declared', 'apps/mta/src/a.ts', `import 'zod'`, 'declared-dependencies'],
  [
    'a type of an undeclared package',
    'apps/mta/src/b.ts',
    `export type A = import('zod').A`,
    'declared-dependencies',
  ],
  [
    'a development package in shipped code',
    'apps/mta/src/c.ts',
    `import 'fast-check'`,
    'declared-dependencies',
  ],
  ['an undeclared package in a test', 'apps/mta/src/c.test.ts', `import 'zod'`, 'declared-dependencies'],
  ['grammar that imports platform', 'libs/wire/src/a.ts', `import '@cartero/agent'`, 'layering'],
  ['wire that imports syntax', 'libs/wire/src/b.ts', `import '@cartero/syntax'`, 'layering'],
  ['sasl that imports message', 'libs/sasl/src/a.ts', `import '@cartero/message'`, 'layering'],
  ['smtp that imports imap', 'libs/smtp/src/a.ts', `import '@cartero/imap'`, 'layering'],
  [
    'a grammar room without a place in the order',
    'libs/newcomer/src/a.ts',
    `import '@cartero/wire'`,
    'layering',
  ],
  ['platform that imports domain', 'libs/agent/src/a.ts', `import '@cartero/spool'`, 'layering'],
  ['domain that imports domain', 'libs/spool/src/a.ts', `import '@cartero/mailstore'`, 'layering'],
  [
    'a type-only import',
    'libs/spool/src/b.ts',
    `import type { A } from '@cartero/mailstore'\nexport type B = A`,
    'layering',
  ],
  [
    'an inline type import',
    'libs/spool/src/c.ts',
    `export type B = import('@cartero/mailstore').A`,
    'layering',
  ],
  ['a dynamic import', 'libs/spool/src/d.ts', `export const a = import('@cartero/mailstore')`, 'layering'],
  ['a re-export', 'libs/spool/src/e.ts', `export * from '@cartero/mailstore'`, 'layering'],
  ['a domain import even in a test', 'libs/spool/src/e.test.ts', `import '@cartero/mailstore'`, 'layering'],
  ['an app that imports an app', 'apps/mta/src/d.ts', `import '@cartero/mda-agent/agent'`, 'layering'],
  ['the composer past the agent entry', 'apps/cartero/src/a.ts', `import '@cartero/mta-agent'`, 'layering'],
  ['testkit in shipped code', 'libs/spool/src/f.ts', `import '@cartero/testkit'`, 'layering'],
  ['a relative path into another room', 'libs/spool/src/g.ts', `import '../../sql/src/index.ts'`, 'layering'],
  ['a room without a layer', 'libs/untagged/src/a.ts', `import '@cartero/wire'`, 'layering'],
  ['node:* in grammar', 'libs/syntax/src/a.ts', `import 'node:fs'`, 'pure-grammar'],
  ['a builtin by its old name in grammar', 'libs/syntax/src/b.ts', `import 'net'`, 'pure-grammar'],
  ['node:crypto outside sasl', 'libs/message/src/a.ts', `import 'node:crypto'`, 'pure-grammar'],
  ['node:fs in sasl', 'libs/sasl/src/b.ts', `import 'node:fs'`, 'pure-grammar'],
  ['sockets in wire outside wire/node', 'libs/wire/src/c.ts', `import 'node:net'`, 'pure-grammar'],
  ['the time in grammar', 'libs/syntax/src/c.ts', `export const a = Date.now()`, 'pure-grammar'],
  ['the date in grammar', 'libs/syntax/src/d.ts', `export const a = new Date()`, 'pure-grammar'],
  ['chance in grammar', 'libs/syntax/src/e.ts', `export const a = Math.random()`, 'pure-grammar'],
  ['a timer in grammar', 'libs/syntax/src/f.ts', `setTimeout(() => {}, 1)`, 'pure-grammar'],
  ['logging in grammar', 'libs/syntax/src/g.ts', `console.log('x')`, 'pure-grammar'],
  ['nats outside bus', 'libs/spool/src/h.ts', `import 'nats'`, 'one-owner'],
  ['gRPC outside bus', 'libs/mailstore/src/a.ts', `import '@grpc/grpc-js'`, 'one-owner'],
  ['prom-client outside agent', 'libs/mailstore/src/b.ts', `import 'prom-client'`, 'one-owner'],
  ['DNS packets outside dns', 'libs/mailstore/src/d-p.ts', `import 'dns-packet'`, 'one-owner'],
  ['SQLite outside sql', 'libs/mailstore/src/c.ts', `import 'node:sqlite'`, 'one-owner'],
  ['a reply line', 'libs/smtp/src/b.ts', `export const a = '250 2.0.0 ok'`, 'reply-literal'],
  [
    'a reply line where mail is received',
    'libs/spool/src/reception/a.ts',
    `export const a = '451 4.3.0 no'`,
    'reply-literal',
  ],
  ['a continued reply line', 'apps/mda/src/a.ts', `export const a = '250-PIPELINING'`, 'reply-literal'],
  [
    'a reply line in a template',
    'apps/mta/src/e.ts',
    'export const a = (b: string) => `550 ${b}`',
    'reply-literal',
  ],
  ['a bare code as a string', 'apps/mta/src/f.ts', `export const a = '421'`, 'reply-literal'],
  ['a code as a property', 'libs/smtp/src/c.ts', `export const a = { code: 550 }`, 'reply-literal'],
  [
    'a code in a comparison',
    'apps/mta/src/g.ts',
    `export const a = (r: { code: number }) => r.code === 354`,
    'reply-literal',
  ],
  [
    'a code in a switch',
    'apps/mta/src/h.ts',
    `export function a(code: number) { switch (code) { case 421: return 1; default: return 2 } }`,
    'reply-literal',
  ],
  ['a file without a noun', 'libs/spool/src/utils.ts', `export const a = 1`, 'room-names'],
  ['a folder without a noun', 'libs/spool/src/common/a.ts', `export const a = 1`, 'room-names'],
  ['a file called types', 'libs/spool/src/types.ts', `export type A = 1`, 'room-names'],
  ['a file in camel case', 'libs/spool/src/camelCase.ts', `export const a = 1`, 'room-names'],
  [
    'an exception without its reason',
    'libs/spool/src/i.ts',
    `// oxlint-disable-next-line no-debugger\ndebugger`,
    'reasoned-exception',
  ],
  ['a default export', 'libs/spool/src/j.ts', `export default 1`, 'import(no-default-export)'],
  [
    'a promise nobody awaits',
    'libs/spool/src/k.ts',
    `declare function a(): Promise<void>\na()`,
    'typescript(no-floating-promises)',
  ],
]

const allowed: ReadonlyArray<readonly [what: string, file: string, code: string]> = [
  ['what the room declares', 'libs/syntax/src/ok-a.ts', `import '@cartero/wire'`],
  ['the room itself by its public name', 'libs/spool/src/ok-b.ts', `import '@cartero/spool/memory'`],
  ['a lower layer', 'libs/spool/src/ok-c.ts', `import '@cartero/sql'`],
  ['platform beside platform', 'libs/bus/src/ok-d.ts', `import '@cartero/agent'`],
  ['the composer through the agent entry', 'apps/cartero/src/ok-e.ts', `import '@cartero/mta-agent/agent'`],
  ['testkit in a test', 'libs/spool/src/ok-f.test.ts', `import '@cartero/testkit'`],
  ['testkit in a scenario', 'libs/spool/test/ok-g.ts', `import '@cartero/testkit'`],
  ['a development package in a test', 'libs/spool/src/ok-h.test.ts', `import 'fast-check'`],
  ['a development package in a compliance suite', 'libs/spool/src/compliance/ok-i.ts', `import 'fast-check'`],
  ['sockets in wire/node', 'libs/wire/src/node/ok-j.ts', `import 'node:net'`],
  ['the real clock', 'libs/wire/src/clock.ts', `export const a = () => Date.now()`],
  ['node:crypto in sasl', 'libs/sasl/src/ok-k.ts', `import 'node:crypto'`],
  ['node:* in a test of grammar', 'libs/syntax/src/ok-l.test.ts', `import 'node:fs'`],
  ['a date from a number in grammar', 'libs/syntax/src/ok-m.ts', `export const a = new Date(0)`],
  ['bus with its drivers', 'libs/bus/src/ok-n.ts', `import 'nats'\nimport '@grpc/grpc-js'`],
  ['agent with prom-client', 'libs/agent/src/ok-o.ts', `import 'prom-client'`],
  ['the reply catalogue', 'libs/smtp/src/replies.ts', `export const a = { code: 250, text: '250 ok' }`],
  ['replies in a test', 'libs/smtp/src/ok-p.test.ts', `export const a = '250 ok'`],
  [
    'limits and ports that only look like replies',
    'apps/mta/src/ok-q.ts',
    `export const a = { limit: 512, port: 587, text: '2500 octets' }`,
  ],
  ['the class of a code', 'libs/smtp/src/ok-r.ts', `export const a = (code: number) => code >= 400`],
  ['replies of other protocols', 'libs/sasl/src/ok-s.ts', `export const a = { code: 401 }`],
  [
    'an exception with its reason',
    'libs/spool/src/ok-t.ts',
    `// oxlint-disable-next-line no-debugger -- the canary needs one\ndebugger`,
  ],
]

interface Report {
  readonly diagnostics: ReadonlyArray<{
    readonly code: string
    readonly filename: string
    readonly severity: string
  }>
}

let workspace: string
const found = new Map<string, string[]>()

before(() => {
  workspace = mkdtempSync(join(tmpdir(), 'cartero-canary-'))
  writeWorkspace()
  for (const [, file, code] of [...forbidden, ...allowed]) write(file, `${code}\n`)
  const run = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['-f', 'json'], {
    cwd: workspace,
    encoding: 'utf8',
  })
  const report = JSON.parse(run.stdout) as Report
  for (const { code, filename } of report.diagnostics) {
    found.set(filename, [...(found.get(filename) ?? []), code])
  }
})

after(() => rmSync(workspace, { recursive: true, force: true }))

describe('the linter cries at', () => {
  for (const [what, file, , rule] of forbidden) {
    test(what, () => {
      const code = rule.includes('(') ? rule : `cartero(${rule})`
      assert.ok(
        found.get(file)?.includes(code),
        `${file}: expected ${code}, found ${found.get(file)?.join() ?? 'nothing'}`,
      )
    })
  }
})

describe('the linter lets pass', () => {
  for (const [what, file] of allowed) {
    test(what, () => assert.deepEqual(houseRules(file), []))
  }
})

test('each house rule has its canary', () => {
  const configured = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as {
    rules: Record<string, unknown>
  }
  const names = Object.keys(configured.rules).filter((name) => name.startsWith('cartero/'))
  assert.ok(names.length > 0)
  for (const name of names) {
    assert.ok(
      forbidden.some(([, , , rule]) => `cartero/${rule}` === name),
      `${name} has no canary`,
    )
  }
})

function houseRules(file: string): string[] {
  return (found.get(file) ?? []).filter((code) => code.startsWith('cartero('))
}

function writeWorkspace(): void {
  const config = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as Record<string, unknown>
  write('.oxlintrc.json', JSON.stringify({ ...config, jsPlugins: [join(root, 'tools/lint/plugin.ts')] }))
  write('package.json', JSON.stringify({ devDependencies: { 'fast-check': '*' } }))
  cpSync(join(root, 'tsconfig.base.json'), join(workspace, 'tsconfig.base.json'))
  symlinkSync(join(root, 'node_modules'), join(workspace, 'node_modules'))
  for (const [path, layer, name, dependencies] of rooms) {
    const tags = layer === '' ? [] : [`layer:${layer}`]
    const declared = Object.fromEntries(dependencies.map((dependency) => [dependency, '*']))
    write(
      `${path}/package.json`,
      JSON.stringify({ name, type: 'module', dependencies: declared, nx: { tags } }),
    )
    write(
      `${path}/tsconfig.json`,
      JSON.stringify({ extends: '../../tsconfig.base.json', include: ['src', 'test'] }),
    )
  }
}

function write(file: string, text: string): void {
  const path = join(workspace, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
