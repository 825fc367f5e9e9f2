// Relative links of Markdown text: [words](path#anchor), images included; code and fenced blocks excluded.

const LINK = /!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g
const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i

/** A link to a file of this repository; `anchor` is empty when it names no heading. */
export interface Link {
  readonly path: string
  readonly anchor: string
}

export function relativeLinks(markdown: string): Link[] {
  const prose = markdown.replace(/^(```|~~~)[\s\S]*?^\1\s*$/gm, '').replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(LINK)]
    .map(([, target = '']) => target)
    .filter((target) => !ELSEWHERE.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#', 2)
      return { path: decodeURIComponent(path), anchor }
    })
}

/** The anchors of a document's headings, as forges form them. */
export function anchorsOf(markdown: string): Set<string> {
  const prose = markdown.replace(/^(```|~~~)[\s\S]*?^\1\s*$/gm, '')
  const headings = [...prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(([, heading = '']) => heading)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    ),
  )
}
