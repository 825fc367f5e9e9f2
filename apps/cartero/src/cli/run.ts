import { Argument, type Command } from 'commander'

import { AGENTS, type AgentName } from '../services-rules.ts'

interface RunOptions {
  readonly data?: string
  readonly config?: string
}

export function registerRun(program: Command): void {
  program
    .command('run')
    .description('run one agent as a process of its own, with the services that the configuration names')
    .addArgument(new Argument('<agent>', 'which one').choices(AGENTS))
    .option(
      '--config <file>',
      'the configuration (default: $CARTERO_CONFIG, ./cartero.yaml, /etc/cartero/cartero.yaml)',
    )
    .option('--data <dir>', 'the folder of what it keeps for itself; wins over the configuration')
    .action(run)
}

async function run(agent: AgentName, options: RunOptions): Promise<void> {
  const { loadConfig } = await import('../load-config.ts')
  const { needsOf } = await import('../services-rules.ts')
  const { warnings } = await import('../config-rules.ts')
  const { runApart } = await import('../apart/run-apart.ts')
  const { config, file } = await loadConfig({
    file: options.config,
    search: true,
    environment: process.env,
    rules: [needsOf(agent)],
    ...(options.data !== undefined && { flags: { data: { flag: '--data', value: options.data } } }),
  })
  await runApart({
    agent,
    config,
    doorRemedy: `stop the other program, or change the listen section of ${file ?? 'the configuration'}`,
    ready: (milliseconds, logger) => {
      for (const warning of warnings(config)) logger.warn('config.warning', { warning })
      const { hostname, data } = config
      logger.info('agent.serves', {
        agent,
        hostname,
        data,
        config: file ?? null,
        milliseconds: Math.round(milliseconds),
      })
    },
  })
}
