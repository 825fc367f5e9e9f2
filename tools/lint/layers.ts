// The direction of imports: grammar < platform < domain < app. Every arrow points down.

import type { Layer, Room } from './rooms.ts'

/** What a layer may import besides itself; `sideways` says whether rooms of one layer may import each other. */
const LAYERS: Readonly<Record<Layer, { readonly below: readonly Layer[]; readonly sideways: boolean }>> = {
  grammar: { below: [], sideways: true },
  platform: { below: ['grammar'], sideways: true },
  domain: { below: ['grammar', 'platform'], sideways: false },
  app: { below: ['grammar', 'platform', 'domain'], sideways: false },
  test: { below: ['grammar', 'platform', 'domain', 'app'], sideways: true },
  tools: { below: ['grammar', 'platform', 'domain', 'app', 'test'], sideways: true },
}

/** Inside the grammar: bytes, then words, then mechanisms and messages, then protocols. Only lower numbers are imported. */
const GRAMMAR_ORDER: Readonly<Record<string, number>> = {
  'libs/wire': 0,
  'libs/syntax': 1,
  'libs/sasl': 2,
  'libs/message': 2,
  'libs/smtp': 3,
  'libs/imap': 3,
  'libs/pop3': 3,
  'libs/sieve': 3,
}

/** The one app that composes the others, and the entries it may take of each: an app that has both sides of a protocol has two. */
const COMPOSER = 'apps/cartero'
const AGENT_ENTRY = /^@cartero\/[a-z0-9-]+-agent\/(?:agent|customer)$/

/** Why `from` must not import `specifier` of room `to`, or undefined when it may. */
export function objection(from: Room, to: Room, specifier: string, isTest: boolean): string | undefined {
  if (from === to) return undefined
  if (from.layer === undefined)
    return `${from.path}/package.json names no layer: add "nx": { "tags": ["layer:…"] }`
  if (to.layer === undefined)
    return `${to.path}/package.json names no layer: add "nx": { "tags": ["layer:…"] }`
  if (to.layer === 'test')
    return isTest || from.layer === 'tools'
      ? undefined
      : `${to.name} is for tests; ${from.path} would ship it`
  if (from.path === COMPOSER && AGENT_ENTRY.test(specifier)) return undefined
  if (from.layer === to.layer) return sidewaysObjection(from, to)
  if (LAYERS[from.layer].below.includes(to.layer)) return undefined
  return `${from.path} (${from.layer}) must not import ${to.path} (${to.layer}): imports point downwards`
}

function sidewaysObjection(from: Room, to: Room): string | undefined {
  if (from.layer === 'grammar') return grammarObjection(from, to)
  if (from.layer !== undefined && LAYERS[from.layer].sideways) return undefined
  return from.layer === 'app'
    ? `${from.path} must not import ${to.path}: apps meet only in ${COMPOSER}, through "@cartero/…-agent/agent"`
    : `${from.path} must not import ${to.path}: domain rooms meet in apps or through contracts`
}

function grammarObjection(from: Room, to: Room): string | undefined {
  const mine = GRAMMAR_ORDER[from.path]
  const theirs = GRAMMAR_ORDER[to.path]
  if (mine === undefined || theirs === undefined) {
    return `${mine === undefined ? from.path : to.path} has no place in the order of the grammar (tools/lint/layers.ts)`
  }
  if (theirs < mine) return undefined
  return `${from.path} must not import ${to.path}: wire, then syntax, then sasl and message, then smtp, imap, pop3, sieve`
}
