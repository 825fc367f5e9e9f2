import { ControlError } from '@cartero/agent/admin'
import { OperatorError } from '@cartero/agent/lifecycle'
import type { LocalRefusal } from '@cartero/msa-agent/agent'

import { ConfigFileError } from '../load-config.ts'
import { UsageError } from './exit-code.ts'

/** How programs that call `sendmail` are told what came of it (sysexits.h). */
export const EX = {
  ok: 0,
  usage: 64,
  noUser: 67,
  noHost: 68,
  unavailable: 69,
  software: 70,
  osError: 71,
  temporaryFailure: 75,
  noPermission: 77,
  config: 78,
} as const

export type SysExit = (typeof EX)[keyof typeof EX]

/** For what was refused: trying again helps only when nothing was refused for good. */
export function sysExitOf(refusals: readonly LocalRefusal[]): SysExit {
  const permanent = refusals.find(({ reply }) => reply.startsWith('5'))
  if (permanent === undefined) return EX.temporaryFailure
  const [, status = ''] = /^\d{3} (\d\.\d+\.\d+)/.exec(permanent.reply) ?? []
  return BY_STATUS[status] ?? (status.startsWith('5.7.') ? EX.noPermission : EX.unavailable)
}

// RFC 3463 §3.2, RFC 3463 §3.5
const BY_STATUS: Readonly<Record<string, SysExit>> = {
  '5.1.1': EX.noUser,
  '5.1.3': EX.noUser,
  '5.1.6': EX.noUser,
  '5.2.1': EX.noUser,
  '5.1.2': EX.noHost,
  '5.1.10': EX.noHost,
  '5.4.4': EX.noHost,
}

/** For what went wrong: nothing was taken, and whatever can be mended is tried again. */
export function sysExitOfError(error: unknown): SysExit {
  if (error instanceof UsageError) return EX.usage
  if (error instanceof ControlError) return error.fault === 'usage' ? EX.usage : EX.temporaryFailure
  if (error instanceof OperatorError && isForbidden(error)) return EX.noPermission
  if (error instanceof ConfigFileError) return EX.config
  return error instanceof Error && error.name === 'ConfigError' ? EX.config : EX.temporaryFailure
}

const FORBIDDEN = new Set(['EACCES', 'EPERM'])

const isForbidden = ({ cause }: OperatorError): boolean =>
  FORBIDDEN.has((cause as NodeJS.ErrnoException | undefined)?.code ?? '')
