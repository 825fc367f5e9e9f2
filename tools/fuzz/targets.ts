import type { Target } from './engine.ts'
import { smtpClient } from './smtp-client.ts'
import { smtpServer } from './smtp-server.ts'

export const TARGETS: readonly Target[] = [smtpServer, smtpClient]
