import type { Context, Rule, Visitor } from '../syntax-tree.ts'

const DISABLES = /^\s*(?:oxlint|eslint)-disable\b/

export const reasonedException: Rule = {
  meta: {
    docs: { description: 'Whoever leaves a rule says why: `oxlint-disable-next-line rule -- reason`.' },
  },
  create(context: Context): Visitor {
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          if (!DISABLES.test(comment.value) || /\s--\s+\S/.test(comment.value)) continue
          context.report({ node: comment, message: 'say why: `oxlint-disable-next-line rule -- reason`' })
        }
      },
    }
  },
}
