import { isBuiltin } from 'node:module'
import { isRelative, packageName, placeOf } from '../rooms.ts'
import type { Place } from '../rooms.ts'
import { everyImport } from '../syntax-tree.ts'
import type { Context, Rule, Visitor } from '../syntax-tree.ts'

export const declaredDependencies: Rule = {
  meta: {
    docs: {
      description: 'A room imports what its own package.json declares, not what npm happened to hoist.',
    },
  },
  create(context: Context): Visitor {
    const place = placeOf(context.filename)
    if (place === undefined) return {}
    return everyImport((specifier, node) => {
      if (isRelative(specifier) || isBuiltin(specifier)) return
      const name = packageName(specifier)
      if (isDeclared(place, name)) return
      context.report({ node, message: `'${name}' is not declared in ${place.room.path}/package.json` })
    })
  },
}

function isDeclared(place: Place, name: string): boolean {
  const { room, workspace } = place
  if (name === room.name || room.dependencies.has(name)) return true
  // Tools are never shipped and may look into every room.
  if (room.layer === 'tools') return workspace.devDependencies.has(name) || workspace.roomsByName.has(name)
  // A compliance suite is code of tests that stands beside its port, so that every adapter can run it.
  if (!place.isTest && !place.path.startsWith('src/compliance/')) return false
  const isTestRoom = workspace.roomsByName.get(name)?.layer === 'test'
  return isTestRoom || room.devDependencies.has(name) || workspace.devDependencies.has(name)
}
