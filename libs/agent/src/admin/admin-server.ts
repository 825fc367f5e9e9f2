import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Component, Health } from '../lifecycle/component.ts'
import type { HealthReport } from '../lifecycle/lifecycle.ts'
import { SmallHttpServer } from './http-server.ts'

export interface AdminOptions {
  /** Among the components; `admin` when absent. */
  readonly name?: string
  readonly host: string
  /** 0: any free one, told by `port`. */
  readonly port: number
  /** How the process is; `lifecycle.health()`. */
  readonly health: () => Promise<HealthReport>
  /** What a scrape gets; `registry.exposition()`. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
}

/** The HTTP server that probes and scrapers ask: /livez, /readyz, /readyz?verbose and /metrics. Nothing can be changed here. */
export interface AdminServer extends Component {
  readonly port: number
}

export function createAdminServer(options: AdminOptions): AdminServer {
  const server = new SmallHttpServer(options, (request, response) => answer(request, response, options))
  return {
    name: options.name ?? 'admin',
    get port() {
      return server.port
    },
    start: () => server.listen(),
    stop: () => server.close(),
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: AdminOptions,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://admin')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return send(response, 405, 'only GET and HEAD are answered here\n')
  }
  switch (url.pathname) {
    case '/livez':
      return send(response, 200, 'ok\n')
    case '/readyz': {
      const report = await options.health()
      return send(
        response,
        report.ready ? 200 : 503,
        url.searchParams.has('verbose') ? verbose(report) : brief(report),
      )
    }
    case '/metrics': {
      const { contentType, text } = await options.metrics()
      return send(response, 200, text, contentType)
    }
    default:
      return send(response, 404, 'here are /livez, /readyz, /readyz?verbose and /metrics\n')
  }
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text)
}

function brief(report: HealthReport): string {
  return report.ready ? 'ok\n' : `${verdict(report)}\n`
}

/** One line for each component, with what is wrong and what to do. */
export function verbose(report: HealthReport): string {
  const lines = report.checks.map(({ name, health }) => `${MARKS[health.status]} ${name}${remark(health)}`)
  return `${[...lines, verdict(report)].join('\n')}\n`
}

function verdict({ ready, phase }: HealthReport): string {
  if (ready) return 'ready'
  return `not ready: ${phase === 'ready' ? 'a part is failing' : phase}`
}

const MARKS = { ok: '[+]', degraded: '[!]', failing: '[-]' } as const

function remark(health: Health): string {
  if (health.status === 'ok') return health.detail === undefined ? '' : `: ${health.detail}`
  return `: ${health.reason}\n    ${health.hint}`
}
