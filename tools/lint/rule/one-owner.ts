import { packageName, placeOf } from '../rooms.ts'
import { everyImport } from '../syntax-tree.ts'
import type { Context, Rule, Visitor } from '../syntax-tree.ts'

/** Libraries that one room hides from all the others, so that replacing one is a change in one room. */
const OWNERS: Readonly<Record<string, string>> = {
  nats: 'libs/bus',
  '@grpc/grpc-js': 'libs/bus',
  'prom-client': 'libs/agent',
  'dns-packet': 'libs/dns',
  'node:sqlite': 'libs/sql',
  pg: 'libs/sql',
}

export const oneOwner: Rule = {
  meta: {
    docs: { description: 'Brokers, RPC, metrics, DNS packets and SQL drivers are each known to one room.' },
  },
  create(context: Context): Visitor {
    const place = placeOf(context.filename)
    if (place === undefined || place.isTest || place.room.layer === 'tools') return {}
    return everyImport((specifier, node) => {
      const owner = ownerOf(specifier)
      if (owner === undefined || owner === place.room.path) return
      context.report({ node, message: `'${specifier}' belongs to ${owner}: use what that room exports` })
    })
  },
}

function ownerOf(specifier: string): string | undefined {
  const name = packageName(specifier)
  return name.startsWith('@nats-io/') ? OWNERS['nats'] : OWNERS[name]
}
