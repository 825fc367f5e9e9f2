import { placeOf } from '../rooms.ts'
import type { Place } from '../rooms.ts'
import { stringValue } from '../syntax-tree.ts'
import type { Context, Node, Rule, Visitor } from '../syntax-tree.ts'

const SPEAKS_SMTP = new Set(['libs/smtp', 'libs/spool', 'apps/msa', 'apps/mta', 'apps/mda', 'apps/odmr'])
const CATALOGUE = /^src\/replies(?:\.ts$|\/)/

// RFC 5321 §4.2
const REPLY_TEXT = /^[2-5][0-5][0-9](?:[ -]|$)/
const COMPARISONS = new Set(['===', '!==', '==', '!='])

/** Only a number that is used as a reply code is one: 512 octets and port 587 are not. */
export const replyLiteral: Rule = {
  meta: {
    docs: { description: 'Replies stand in one catalogue, libs/smtp/src/replies.ts, and are used by name.' },
  },
  create(context: Context): Visitor {
    const place = placeOf(context.filename)
    if (place === undefined || !SPEAKS_SMTP.has(place.room.path) || isExempt(place)) return {}
    const report = (node: Node, literal: string): void =>
      context.report({ node, message: `'${literal}' is a reply: name it in libs/smtp/src/replies.ts` })
    return {
      Literal(node) {
        const text = stringValue(node)
        if (text !== undefined && REPLY_TEXT.test(text)) report(node, text)
        if (isReplyNumber(node)) report(node, String(node['value']))
      },
      TemplateLiteral(node) {
        const first = (node['quasis'] as readonly Node[])[0]
        const text = (first?.['value'] as { cooked: string | null } | undefined)?.cooked ?? ''
        if (REPLY_TEXT.test(text)) report(node, text)
      },
    }
  },
}

/** A compliance suite is code of tests that stands beside its port. */
function isExempt(place: Place): boolean {
  if (place.isTest || place.path.startsWith('src/compliance/')) return true
  return place.room.path === 'libs/smtp' && CATALOGUE.test(place.path)
}

function isReplyNumber(literal: Node): boolean {
  const value = literal['value']
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 200 || value > 559) return false
  const parent = literal.parent
  switch (parent?.type) {
    case 'Property':
      return parent['value'] === literal && isCode(parent['key'])
    case 'BinaryExpression':
      return (
        COMPARISONS.has(parent['operator'] as string) && (isCode(parent['left']) || isCode(parent['right']))
      )
    case 'SwitchCase':
      return isCode((parent.parent as Node)['discriminant'])
    default:
      return false
  }
}

/** `code`, `replyCode`, `reply.code`. */
function isCode(node: unknown): boolean {
  const candidate = node as Node
  if (candidate.type === 'MemberExpression') return isCode(candidate['property'])
  return candidate.type === 'Identifier' && /^(?:code|\w+Code)$/.test(candidate['name'] as string)
}
