import { objection } from '../layers.ts'
import { isRelative, leavesRoom, placeOf, roomOfSpecifier } from '../rooms.ts'
import { everyImport } from '../syntax-tree.ts'
import type { Context, Rule, Visitor } from '../syntax-tree.ts'

export const layering: Rule = {
  meta: { docs: { description: 'Imports point downwards, and only through public names.' } },
  create(context: Context): Visitor {
    const place = placeOf(context.filename)
    if (place === undefined) return {}
    return everyImport((specifier, node) => {
      const message = isRelative(specifier)
        ? leavesRoom(place, context.filename, specifier) &&
          `'${specifier}' leaves ${place.room.path}: import the other room by its public name`
        : bareObjection(specifier)
      if (message) context.report({ node, message })
    })

    function bareObjection(specifier: string): string | undefined {
      const to = place && roomOfSpecifier(place.workspace, specifier)
      return to && objection(place.room, to, specifier, place.isTest)
    }
  },
}
