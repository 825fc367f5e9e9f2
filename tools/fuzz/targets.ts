import type { Target } from './engine.ts'
import { smtpServer } from './smtp-server.ts'

export const TARGETS: readonly Target[] = [smtpServer]
