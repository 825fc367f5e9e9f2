/**
 * Configuration as data with prose: one definition gives types, defaults, documentation, the example file and errors
 * that name the place and the fix.
 * @packageDocumentation
 */
export { exampleConfig, explainKey, nearestKey, showConfig } from './config-prose.ts'
export {
  environmentName,
  optional,
  section,
  setting,
  settingsOf,
  type ConfigOf,
  type Keys,
  type PlacedSetting,
  type Section,
  type Setting,
} from './definition.ts'
export {
  formatListenAddress,
  listenAddress,
  parseListenAddress,
  type ListenAddress,
} from './listen-address.ts'
export { ConfigError, formatProblem, type Problem } from './problem.ts'
export { bytes, duration } from './quantity.ts'
export {
  resolveConfig,
  type ConfigRule,
  type ConfigSources,
  type ResolvedConfig,
  type ResolvedSetting,
  type SourceKind,
} from './resolve-config.ts'
export { Secret, secret, type SecretSources } from './secret.ts'
export {
  choice,
  concealed,
  flag,
  integer,
  list,
  notation,
  record,
  text,
  type ValueType,
} from './value-type.ts'
