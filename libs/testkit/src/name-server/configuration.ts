import type { LoadedZone } from './zones.ts'

/** Where it listens. */
export const LOOPBACK = '127.0.0.1'
/** Where the resolver's questions come from, by which the server with the zones knows it. */
const RESOLVER = '127.53.0.1'

export interface Configuration {
  readonly folder: string
  /** Of the resolver. */
  readonly port: number
  /** Of the server that has the zones. */
  readonly authorityPort: number
  readonly zones: readonly LoadedZone[]
  /** Zones that are delegated to a server that does not answer for them. */
  readonly lame: readonly string[]
  /** A port at which nobody answers. */
  readonly deadPort: number
}

/** One process with two faces: a server that has the zones, and a resolver that asks it and validates what it says. */
export const namedConfiguration = (configuration: Configuration): string =>
  options(configuration) + authority(configuration) + resolver(configuration)

const options = ({ folder, port, authorityPort }: Configuration): string => `
options {
  directory "${folder}";
  session-keyfile "${folder}/session.key";
  pid-file none;
  lock-file none;
  listen-on port ${port} { ${LOOPBACK}; };
  listen-on port ${authorityPort} { ${LOOPBACK}; };
  listen-on-v6 { none; };
  max-cache-size 8m;
  notify no;
  empty-zones-enable no;
  check-integrity no;
  check-names primary ignore;
  allow-query { 127.0.0.0/8; };
};
controls { };
`

const authority = ({ zones }: Configuration): string => `
view authority {
  match-clients { ${RESOLVER}; };
  recursion no;
  dnssec-validation no;
${zones.map(({ name, file }) => `  zone "${name}" { type primary; file "${file}"; };\n`).join('')}};
`

function resolver({ zones, lame, authorityPort, deadPort }: Configuration): string {
  const anchors = zones.flatMap(({ anchor }) => anchor ?? [])
  const validation =
    anchors.length > 0
      ? `dnssec-validation yes;\n  trust-anchors { ${anchors.join(' ')} };`
      : 'dnssec-validation no;'
  const nobody = `{ type forward; forward only; forwarders { ${LOOPBACK} port ${deadPort}; }; }`
  return `
view resolver {
  query-source address ${RESOLVER};
  recursion yes;
  allow-recursion { 127.0.0.0/8; };
  qname-minimization off;
  ${validation}
  forward only;
  forwarders { ${LOOPBACK} port ${authorityPort}; };
${lame.map((name) => `  zone "${name}" ${nobody};\n`).join('')}};
`
}
