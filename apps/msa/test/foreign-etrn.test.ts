// msmtp has mail sent for a branch that logs in.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_ETRN_POLICY } from '@cartero/spool/reception'
import { command, lacks } from '@cartero/testkit'
import { networks } from '@cartero/testkit/edge'
import { MsaStage } from './msa-stage.ts'

test(
  'msmtp finds ETRN before it logs in, and has mail sent after it',
  {
    skip: lacks('msmtp', 'msmtp'),
  },
  async () => {
    const started: string[] = []
    const queueStarter = {
      startDomain: async (domain: string) => {
        started.push(domain)
        return { kind: 'started' as const, deliveries: 1 }
      },
      startBelow: () => {},
      startRoute: async () => ({ kind: 'noWay' as const }),
    }
    const accounts = new Set(['alice@cartero.test'])
    const nodes = [{ kind: 'domain' as const, name: 'branch.example' }]
    const allow = [{ nodes, networks: networks(), accounts }]
    const policy = { etrn: { ...DEFAULT_ETRN_POLICY, allow } }
    await using stage = await MsaStage.open({ policy }, { queueStarter })
    const ask = (node: string) =>
      command('msmtp', [
        '--file=/dev/null',
        `--rmqs=${node}`,
        '--host=127.0.0.1',
        `--port=${stage.submission}`,
        '--tls=on',
        '--tls-certcheck=off',
        '--auth=plain',
        '--user=alice@cartero.test',
        '--passwordeval=echo alice words',
      ])
    const { code, stderr } = await ask('branch.example')
    assert.equal(code, 0, stderr)
    assert.deepEqual(started, ['branch.example'])
    const other = await ask('other.example')
    assert.notEqual(other.code, 0)
    assert.match(other.stderr, /459 4\.7\.1 Node other\.example not allowed/)
  },
)
