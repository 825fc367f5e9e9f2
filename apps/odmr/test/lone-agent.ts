// The provider's agent in a process of its own: no store, no folder, no credentials of any database; what it needs to know it asks.
import { readFileSync } from 'node:fs'
import { createLoggerTo, MetricRegistry } from '@cartero/agent/telemetry'
import { RpcChannel, type AgentIdentity } from '@cartero/bus/grpc'
import { DirectoryServiceDefinition } from '@cartero/contracts/directory'
import { TurnServiceDefinition } from '@cartero/contracts/spool/turn'
import { credentialVerifier } from '@cartero/directory'
import { AddressBans, Doorkeeper } from '@cartero/directory/doorkeeper'
import { directoryErrorOf } from '@cartero/directory/remote'
import { createOdmrAgent } from '@cartero/odmr-agent/agent'
import { RemoteTurns, turnErrorOf } from '@cartero/spool/remote-turns'
import { CERTIFICATE, KEY } from '@cartero/testkit'
import { systemClock } from '@cartero/wire'
import { TlsServer } from '@cartero/wire/node'

const [address, folder, port] = process.argv.slice(2) as [string, string, string]
const file = (name: string): Buffer => readFileSync(`${folder}/${name}.pem`)
const identity: AgentIdentity = {
  authority: file('authority'),
  certificate: file('certificate'),
  key: file('key'),
}
const channel = new RpcChannel({ address, identity })
const directory = channel.service(DirectoryServiceDefinition, directoryErrorOf)
const turns = new RemoteTurns(channel.service(TurnServiceDefinition, turnErrorOf))

const agent = createOdmrAgent({
  settings: {
    hostname: 'mail.cartero.test',
    listen: [{ host: '127.0.0.1', port: Number(port), implicitTls: true }],
    isTurnAllowed: false,
    allowClearCramMd5: false,
    turnDuration: 60_000,
  },
  turns,
  directory,
  doorkeeper: new Doorkeeper({
    verifier: (peer) => credentialVerifier(directory, { peer }),
    bans: new AddressBans(systemClock),
  }),
  content: turns.content,
  tls: new TlsServer({ certificate: CERTIFICATE, key: KEY }),
  logger: createLoggerTo((line) => process.stderr.write(`${line}\n`)),
  metrics: new MetricRegistry(),
})
await agent.start!(AbortSignal.timeout(10_000))
process.stdout.write('ready\n')
process.once('SIGTERM', () => {
  void Promise.resolve(agent.drain!(AbortSignal.timeout(5_000))).then(() => channel.close())
})
