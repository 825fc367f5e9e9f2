/** One thing that is wrong with a configuration. */
export interface Problem {
  /** Where it was written: `cartero.yaml:3:14`, `CARTERO_SMTP__MESSAGE_SIZE` or `--listen`. */
  readonly where: string
  /** Dotted; '' when the file as a whole is meant. */
  readonly key: string
  /** What is wrong. */
  readonly message: string
  /** What to do. */
  readonly fix: string
}

/** Everything that is wrong with a configuration, at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.problems = problems
  }
}

/** Two lines: `cartero.yaml:3:14: smtp.messageSize: what is wrong`, and the fix. */
export function formatProblem({ where, key, message, fix }: Problem): string {
  return `${where}: ${key === '' ? '' : `${key}: `}${message}\n  fix: ${fix}`
}
