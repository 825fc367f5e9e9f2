import type { Command } from 'commander'

interface ServeOptions {
  readonly data?: string
  readonly config?: string
}

export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('run everything for real use')
    .option(
      '--config <file>',
      'the configuration (default: $CARTERO_CONFIG, ./cartero.yaml, /etc/cartero/cartero.yaml)',
    )
    .option('--data <dir>', 'the folder of all that is kept; wins over the configuration')
    .action(serve)
}

async function serve(options: ServeOptions): Promise<void> {
  const { loadConfig } = await import('../load-config.ts')
  const { runSystem } = await import('../run.ts')
  const { warnings } = await import('../config-rules.ts')
  const { isWhole } = await import('../services-rules.ts')
  const { config, file } = await loadConfig({
    file: options.config,
    search: true,
    environment: process.env,
    rules: [isWhole],
    ...(options.data !== undefined && { flags: { data: { flag: '--data', value: options.data } } }),
  })
  await runSystem({
    config,
    logTo: 1,
    doorRemedy: `stop the other program, or change the listen section of ${file ?? 'a configuration (--config FILE)'}`,
    selfSigned: { names: [config.hostname], addresses: [], isFine: false },
    ready: (milliseconds, logger) => {
      const { hostname, data } = config
      for (const warning of warnings(config)) logger.warn('config.warning', { warning })
      logger.info('system.serves', {
        hostname,
        data,
        config: file ?? null,
        milliseconds: Math.round(milliseconds),
      })
    },
  })
}
