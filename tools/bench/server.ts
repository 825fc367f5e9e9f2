/** A mail server under load, ours or a peer, on loopback with a configuration and data of its own. */
export interface BenchServer {
  readonly name: string
  /** Where mail is handed in without authentication. */
  readonly smtpPort: number
  /** A recipient that exists. */
  readonly recipient: string
  readonly imap?: { readonly port: number; readonly user: string; readonly password: string }
  /** The process whose descendants (and itself) make up the server, for memory figures. */
  readonly pid: number
  stop(): Promise<void>
}

export interface StartOptions {
  /** An empty folder for configuration and data; the caller removes it. */
  readonly folder: string
  /** The first of ten free ports. */
  readonly port: number
}

export type StartServer = (options: StartOptions) => Promise<BenchServer>
