import type { ContentStore } from '@cartero/content'
import type { MtaDependencies } from '@cartero/mta-agent/agent'

import type { CarteroConfig } from './config.ts'
import { relaySettings } from './relay-settings.ts'
import type { OpenWayOut } from './way-out.ts'

/** What carries mail to other hosts. */
export function relayParts({
  config,
  content,
  wayOut: { hosts, policies, tlsResults, authorities },
}: {
  readonly config: CarteroConfig
  readonly content: ContentStore
  readonly wayOut: OpenWayOut
}): NonNullable<MtaDependencies['relay']> {
  return {
    content,
    hosts,
    policies,
    tlsResults,
    settings: relaySettings(config),
    ...(authorities !== undefined && { authorities }),
  }
}
