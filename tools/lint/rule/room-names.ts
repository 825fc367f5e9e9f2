import { placeOf } from '../rooms.ts'
import type { Context, Rule, Visitor } from '../syntax-tree.ts'

/** Names without a noun: whatever is put there fits, and so everything ends there. */
const NAMELESS = new Set(['util', 'utils', 'common', 'helper', 'helpers', 'shared', 'core', 'types', 'misc'])

export const roomNames: Rule = {
  meta: {
    docs: { description: 'Rooms, folders and files are named by a noun of the domain, in kebab case.' },
  },
  create(context: Context): Visitor {
    return {
      Program(node) {
        const place = placeOf(context.filename)
        if (place === undefined || place.path.startsWith('src/gen/')) return
        for (const part of `${place.room.path}/${place.path}`.split('/')) {
          const name = part.split('.')[0] ?? part
          if (NAMELESS.has(name))
            context.report({ node, message: `'${name}' is no noun of the domain: name it by what it holds` })
          if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name))
            context.report({ node, message: `'${part}' is not kebab-case` })
        }
      },
    }
  },
}
