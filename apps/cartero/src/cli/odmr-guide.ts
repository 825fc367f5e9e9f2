/** What a provider knows of a customer's home. */
export interface GuidedCustomer {
  readonly domain: string
  readonly account: string
  /** Of the provider. */
  readonly hostname: string
  readonly port?: number
}

const USUAL_PORT = 366

/** What is to be done at home, to be pasted there. */
export function homeGuide({ domain, account, hostname, port = USUAL_PORT }: GuidedCustomer): string {
  const place = port === USUAL_PORT ? '' : `\n      port: ${port}`
  return `
At home, cartero.yaml is:

hostname: ${domain}
odmr:
  fetch:
    - provider: edge
      host: ${hostname}${place}
      username: ${account}
      password: { file: /etc/cartero/edge-password }
      every: 5m
routes: [{ name: edge, hosts: '${hostname}:587', tls: verify, username: ${account}, password: { file: /etc/cartero/edge-password } }]
routing: [{ match: '*', via: edge }]

and the password of ${account} lies in /etc/cartero/edge-password. Then, at home, before "cartero serve":

  cartero domain add ${domain}
  cartero account add you@${domain}

and once it runs, "cartero odmr fetch edge" goes there at once.
`
}
