import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parse } from 'yaml'

import { root } from '../house/files.ts'

/** What is looked at of a service; YAML merges (`<<`) are resolved. */
export interface Service {
  readonly image?: string
  readonly build?: unknown
  readonly command?: readonly string[]
  readonly profiles?: readonly string[]
  readonly ports?: readonly string[]
  readonly container_name?: string
  readonly user?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly cap_add?: readonly string[]
  readonly privileged?: boolean
  readonly security_opt?: readonly string[]
  readonly restart?: string
  readonly stop_grace_period?: string
  readonly network_mode?: string
  readonly networks?: readonly string[]
  readonly volumes?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly logging?: { readonly options?: Readonly<Record<string, string>> }
  readonly deploy?: { readonly resources?: { readonly limits?: { readonly memory?: string } } }
  readonly healthcheck?: { readonly test?: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>
  readonly networks?: Readonly<
    Record<string, { readonly internal?: boolean; readonly enable_ipv6?: boolean } | null>
  >
  readonly volumes?: Readonly<Record<string, unknown>>
}

/** Reads one by its path in the repository. Throws when it is no YAML. */
export function composeFile(path: string): ComposeFile {
  return parse(readFileSync(join(root, path), 'utf8'), { merge: true }) as ComposeFile
}

/** Of `40s` and `2m`. Throws RangeError for anything else. */
export function seconds(duration: string): number {
  const [, figure, unit] = /^(\d+)(s|m)$/.exec(duration) ?? []
  if (figure === undefined) throw new RangeError(`${duration} is no duration such as 40s`)
  return Number(figure) * (unit === 'm' ? 60 : 1)
}
