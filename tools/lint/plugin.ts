// The house rules as one oxlint plugin. `canary.test.ts` proves that each of them really bites.

import { declaredDependencies } from './rule/declared-dependencies.ts'
import { layering } from './rule/layering.ts'
import { oneOwner } from './rule/one-owner.ts'
import { pureGrammar } from './rule/pure-grammar.ts'
import { reasonedException } from './rule/reasoned-exception.ts'
import { replyLiteral } from './rule/reply-literal.ts'
import { roomNames } from './rule/room-names.ts'
import type { Rule } from './syntax-tree.ts'

const rules: Readonly<Record<string, Rule>> = {
  'declared-dependencies': declaredDependencies,
  layering,
  'one-owner': oneOwner,
  'pure-grammar': pureGrammar,
  'reasoned-exception': reasonedException,
  'reply-literal': replyLiteral,
  'room-names': roomNames,
}

// oxlint loads a plugin by its default export.
export default { meta: { name: 'cartero' }, rules }
