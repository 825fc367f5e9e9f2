/** A provider that keeps mail for us. */
export interface Provider {
  /** What the operator calls it. */
  readonly name: string
  readonly host: string
  readonly port: number
  /** None: all that are ours there. */
  readonly domains: readonly string[]
  readonly username: string
  readonly password: string
  /**
   * `implicit`: at once; `starttls`: or nothing. In both the certificate must be for `host`. `none`: in the clear, and no mechanism
   * that says the password is used.
   */
  readonly tls: 'implicit' | 'starttls' | 'none'
  /** Who is believed in PEM; whom the system believes when absent. */
  readonly authorities?: string
  /** Milliseconds between two visits; on demand only when absent. */
  readonly every?: number
}

/** Providers of one customer: labels of metrics are their names, and series are bounded. */
export const MOST_PROVIDERS: number = 40
