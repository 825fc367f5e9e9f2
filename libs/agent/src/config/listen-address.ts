import { notation, type ValueType } from './value-type.ts'

/** Where to listen. The host '' is every address of the machine, IPv6 too where there is any. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:25`, `[::1]:25`, `localhost:25`; `:25` or `25` for every address. */
export const listenAddress: ValueType<ListenAddress> = notation(
  'an address and port such as 127.0.0.1:2525, [::1]:2525 or :25 for every address',
  parseListenAddress,
)

export function parseListenAddress(raw: string): ListenAddress | undefined {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9a-f:.%a-z]+)\]:|([^\s:[\]]*):|)(\d{1,5})$/i.exec(raw.trim()) ?? []
  const port = Number(digits)
  return digits === undefined || port > 65_535 ? undefined : { host: bracketed ?? plain ?? '', port }
}

export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
