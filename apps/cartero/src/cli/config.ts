import { Argument, type Command } from 'commander'

import type { CarteroConfig } from '../config.ts'
import type { LoadedConfig } from '../load-config.ts'
import { NotFoundError } from './exit-code.ts'
import { print, say } from './output.ts'

interface ConfigOptions {
  readonly config?: string
}

export function registerConfig(program: Command): void {
  const config = program.command('config').description('the configuration: check it, explain it, show it')
  withFile(config.command('check').description('say everything that is wrong, or nothing'))
    .addArgument(new Argument('[file]', 'the same as --config'))
    .action((file: string | undefined, options: ConfigOptions) => check({ config: file, ...options }))
  withFile(
    config.command('explain').description('value, source, default and meaning of a key, or of a section'),
  )
    .argument('<key>', 'for example smtp.messageSize')
    .action(explain)
  withFile(config.command('show').description('all keys as they are in force; secrets are redacted'))
    .option('-n, --non-default', 'only what differs from the defaults')
    .action(show)
  config.command('example').description('a commented file with all keys').action(example)
}

function withFile(command: Command): Command {
  return command.option(
    '--config <file>',
    'the configuration (default: $CARTERO_CONFIG, ./cartero.yaml, /etc/cartero/cartero.yaml)',
  )
}

async function load({ config: file }: { readonly config?: string | undefined }): Promise<LoadedConfig> {
  const { loadConfig } = await import('../load-config.ts')
  return loadConfig({ file, search: true, environment: process.env })
}

async function check(options: { readonly config?: string | undefined }): Promise<void> {
  const { config, file } = await load(options)
  await checkFiles(config)
  await checkWayOut(config)
  await checkServices(config)
  const { warnings } = await import('../config-rules.ts')
  for (const warning of warnings(config)) say(`warning: ${warning}`)
  say(`${file ?? 'the defaults (no file was named or found)'}: nothing is wrong`)
}

/** What the operator named for TLS is read as a start would. Throws OperatorError. */
async function checkFiles({ tls, auth, data }: CarteroConfig): Promise<void> {
  const [{ readAuthorities, TlsIdentity }, { dataFolder }] = await Promise.all([
    import('../tls-identity.ts'),
    import('../data-folder.ts'),
  ])
  if (auth.clientAuthorities !== undefined) readAuthorities(auth.clientAuthorities, 'auth.clientAuthorities')
  if (tls.certificate === undefined && tls.certificates.length === 0) return
  const nobody = { names: [], addresses: [], selfSignedIsFine: true }
  new TlsIdentity({ ...tls, ...nobody, data: dataFolder(data) }).reload()
}

/** Passwords of routes and providers, and whom we believe about other hosts, likewise. Throws OperatorError. */
async function checkWayOut(config: CarteroConfig): Promise<void> {
  const [{ readAuthorities }, { routeTable }, { customerSettings }] = await Promise.all([
    import('../tls-identity.ts'),
    import('../relay-settings.ts'),
    import('../odmr-settings.ts'),
  ])
  routeTable(config)
  customerSettings(config)
  const { authorities } = config.relay.tls
  if (authorities !== undefined) readAuthorities(authorities, 'relay.tls.authorities')
}

/** Secrets of services, and whom agents believe, likewise; what is one agent's own is not read. Throws OperatorError. */
async function checkServices({ services: { postgres, content, identity } }: CarteroConfig): Promise<void> {
  const [{ secretIn }, { readAuthorities }] = await Promise.all([
    import('../apart/secret-file.ts'),
    import('../tls-identity.ts'),
  ])
  if (postgres.passwordFile !== undefined) secretIn(postgres.passwordFile, 'services.postgres.passwordFile')
  for (const key of ['accessKeyFile', 'secretKeyFile'] as const)
    if (content.kind === 's3' && content[key] !== undefined) secretIn(content[key], `services.content.${key}`)
  if (identity.authorities !== undefined && !identity.authorities.includes('{agent}'))
    readAuthorities(identity.authorities, 'services.identity.authorities')
}

async function explain(key: string, options: ConfigOptions): Promise<void> {
  const { explainKey, nearestKey } = await import('@cartero/agent/config')
  const text = explainKey(await load(options), key)
  if (text !== undefined) return print(text)
  const { definition } = await import('../config.ts')
  const near = nearestKey(definition, key)
  throw new NotFoundError(
    `there is no key '${key}'; ${near === undefined ? '"cartero config example" shows all' : `did you mean ${near}?`}`,
  )
}

async function show(options: ConfigOptions & { readonly nonDefault?: boolean }): Promise<void> {
  const { showConfig } = await import('@cartero/agent/config')
  print(showConfig(await load(options), { onlyChanged: options.nonDefault === true }))
}

async function example(): Promise<void> {
  const [{ exampleConfig }, { definition }] = await Promise.all([
    import('@cartero/agent/config'),
    import('../config.ts'),
  ])
  print(exampleConfig(definition))
}
