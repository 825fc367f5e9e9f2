import { isBuiltin } from 'node:module'
import { placeOf } from '../rooms.ts'
import type { Place } from '../rooms.ts'
import { everyImport } from '../syntax-tree.ts'
import type { Context, Node, Rule, Visitor } from '../syntax-tree.ts'

/** Globals that reach for a clock, a socket or the process. `Buffer`, `TextDecoder` and the like are only data. */
const IMPURE_GLOBALS = new Set([
  'process',
  'console',
  'fetch',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
])

export const pureGrammar: Rule = {
  meta: { docs: { description: 'Grammar rooms have no clock, no disk, no sockets and no logger.' } },
  create(context: Context): Visitor {
    const place = placeOf(context.filename)
    if (place?.room.layer !== 'grammar' || place.isTest || isNodeSide(place)) return {}
    return {
      ...everyImport((specifier, node) => {
        if (!isBuiltin(specifier) || isAllowedBuiltin(place, specifier)) return
        context.report({ node, message: `${place.room.path} is pure grammar: no '${specifier}' here` })
      }),
      CallExpression(node) {
        const name = calledGlobal(node)
        if (name)
          context.report({ node, message: `${place.room.path} is pure grammar: ${name} must be handed in` })
      },
      NewExpression(node) {
        if (identifier(node['callee']) === 'Date' && (node['arguments'] as readonly Node[]).length === 0) {
          context.report({ node, message: `${place.room.path} is pure grammar: the time must be handed in` })
        }
      },
    }
  },
}

/** The driver's side of `wire`, and the real clock that is handed to everybody else. */
function isNodeSide(place: Place): boolean {
  return place.room.path === 'libs/wire' && /^src\/(?:node\/|clock\.ts$)/.test(place.path)
}

function isAllowedBuiltin(place: Place, specifier: string): boolean {
  return place.room.path === 'libs/sasl' && specifier === 'node:crypto'
}

function calledGlobal(call: Node): string | undefined {
  const callee = call['callee'] as Node
  const direct = identifier(callee)
  if (direct !== undefined) return IMPURE_GLOBALS.has(direct) ? direct : undefined
  if (callee.type !== 'MemberExpression') return undefined
  const owner = identifier(callee['object'])
  if (owner === undefined) return undefined
  const name = `${owner}.${identifier(callee['property']) ?? ''}`
  return IMPURE_GLOBALS.has(owner) || name === 'Date.now' || name === 'Math.random' ? name : undefined
}

function identifier(node: unknown): string | undefined {
  const candidate = node as Node | undefined
  return candidate?.type === 'Identifier' ? (candidate['name'] as string) : undefined
}
