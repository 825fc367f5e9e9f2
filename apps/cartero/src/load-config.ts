import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'

import {
  resolveConfig,
  type ConfigRule,
  type ConfigSources,
  type ResolvedConfig,
} from '@cartero/agent/config'
import { explainSystemError, OperatorError } from '@cartero/agent/lifecycle'

import { definition } from './config.ts'
import { rules } from './config-rules.ts'

/** Where a file is looked for that nobody named, in this order. */
export const CONFIG_PLACES = ['cartero.yaml', '/etc/cartero/cartero.yaml'] as const

export type Environment = Readonly<Record<string, string | undefined>>

export interface LoadedConfig extends ResolvedConfig<typeof definition> {
  /** The file that was read, if any. */
  readonly file: string | undefined
}

export interface ConfigRequest extends Pick<ConfigSources, 'flags' | 'defaults'> {
  /** `--config`. */
  readonly file?: string | undefined
  /** Whether CONFIG_PLACES are looked at when nobody named a file. */
  readonly search: boolean
  readonly environment: Environment
  /** What whoever reads it asks for beside the rules for all. */
  readonly rules?: readonly ConfigRule<typeof definition>[]
}

/** The file that somebody named cannot be read. */
export class ConfigFileError extends OperatorError {}

/** Reads the configuration. Throws ConfigError with all that is wrong, or ConfigFileError when the file cannot be read. */
export async function loadConfig(request: ConfigRequest): Promise<LoadedConfig> {
  const { environment, flags = {}, defaults = {} } = request
  const named = request.file ?? environment['CARTERO_CONFIG']
  const file = named ?? (request.search ? CONFIG_PLACES.find((place) => existsSync(place)) : undefined)
  const sources: ConfigSources = {
    environment,
    flags,
    defaults: { hostname: ownName(), ...defaults },
    ...(file !== undefined && { file: { name: file, text: read(file) } }),
  }
  return { ...(await resolveConfig(definition, sources, [...rules, ...(request.rules ?? [])])), file }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const explained = explainSystemError(error, `read the configuration ${file}`)
    if (!(explained instanceof OperatorError)) throw explained
    throw new ConfigFileError(explained.message, explained.remedy, { cause: error })
  }
}

/** A host without a name that can be used is called localhost; a start must not fail by that. */
function ownName(): string {
  const name = hostname()
  return definition.keys.hostname.type.schema.safeParse(name).success ? name : 'localhost'
}
