// What would be noticed only after `docker compose up`, or never: no engine is needed here.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { parse } from 'yaml'

import { root } from '../house/files.ts'
import { composeFile, seconds, type Service } from './compose-file.ts'

const AGENTS = ['mx', 'msa', 'imap', 'odmr', 'mta', 'mda', 'directory', 'console']
const EDGES = ['mx', 'msa', 'imap', 'odmr']
/** They run to their end before the others start. */
const ONCE = ['identity', 'migrate']
/** Hold no credentials of the database: whoever breaks in there has mail that passes, and no more. */
const WITHOUT_DATABASE = ['mx', 'msa', 'odmr']

const stack = composeFile('docker-compose.yml')
const services = Object.entries(stack.services)
const lasting = services.filter(([name]) => !ONCE.includes(name))
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

describe('each service of the stack', () => {
  test('is looked at', () => {
    assert.deepEqual(
      [...AGENTS, ...ONCE, 'nats-1', 'nats-2', 'nats-3', 'postgres'].filter(
        (name) => !(name in stack.services),
      ),
      [],
    )
  })

  for (const [name, service] of services) {
    test(`${name} may do nothing but its work`, () => {
      assert.equal(service.read_only, true)
      assert.deepEqual(service.cap_drop, ['ALL'])
      assert.equal(service.cap_add, undefined)
      assert.equal(service.privileged, undefined)
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'])
    })

    test(`${name} is not run as root`, () => {
      if (service.build !== undefined) return assert.equal(service.user, undefined, 'the image has its user')
      assert.match(service.user ?? '', /^[1-9]\d*:\d+$/)
    })

    test(`${name} runs an image of a version that is named`, () => {
      const tag = (service.image ?? '').replace(/^\$\{[A-Z_]+:-(.*)\}$/, '$1')
      assert.match(tag, /^[a-z0-9./-]+:[\w.-]+$/)
      assert.doesNotMatch(tag, /:latest$/)
    })

    test(`${name} does not fill the disk with its log`, () => {
      assert.ok(service.logging?.options?.['max-size'] && service.logging.options['max-file'])
    })

    test(`${name} mounts what is there`, () => {
      for (const [source = ''] of (service.volumes ?? []).map((volume) => volume.split(':'))) {
        if (source.startsWith('./')) assert.ok(existsSync(join(root, source)), source)
        else if (!source.startsWith('$')) assert.ok(source in (stack.volumes ?? {}), `${source} is no volume`)
      }
    })

    test(`${name} waits for what is there, and for the right thing`, () => {
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        assert.ok(other in stack.services, other)
        assert.equal(condition, ONCE.includes(other) ? 'service_completed_successfully' : 'service_healthy')
      }
    })
  }

  for (const [name, service] of lasting) {
    test(`${name} says how it is, comes back, and cannot take all memory`, () => {
      assert.ok((service.healthcheck?.test?.length ?? 0) > 1, 'no healthcheck')
      assert.equal(service.restart, 'unless-stopped')
      assert.ok(service.deploy?.resources?.limits?.memory, 'no limit of memory')
    })
  }

  for (const [name, service] of services.filter(([name]) => !EDGES.includes(name))) {
    test(`${name} can be scaled, or is nobody's business outside`, () => {
      assert.equal(service.container_name, undefined)
      if (name !== 'grafana') assert.equal(service.ports, undefined)
    })
  }
})

describe('agents', () => {
  const settings = parse(read('deploy/cartero.yaml')) as {
    drain: string
    services: Record<string, string> & { identity: Record<string, string> }
  }

  for (const name of AGENTS) {
    const service = stack.services[name]!

    test(`${name} is told to be ${name}`, () => assert.deepEqual(service.command, ['run', name]))

    test(`${name} is not killed while it drains`, () => {
      assert.ok(seconds(service.stop_grace_period ?? '') >= seconds(settings.drain) + 5)
    })
  }

  test('each have a certificate of their own', () => {
    const { identity } = settings.services
    assert.equal(identity.certificate, '/run/cartero/identity/{agent}.pem')
    assert.equal(identity.key, '/run/cartero/identity/{agent}.key')
  })

  for (const name of AGENTS) {
    test(`${name} sees no key but its own`, () =>
      assert.deepEqual(identities(stack.services[name]!), [`identity-${name}:/run/cartero/identity:ro`]))
  }

  test('are all given theirs, in folders that the image has for their user', () => {
    const all = [...AGENTS, 'nats'].map((name) => `identity-${name}:/srv/identity/${name}`)
    assert.deepEqual(identities(stack.services['identity']!).toSorted(), all.toSorted())
    const folders = read('tools/images/Dockerfile').match(/\/srv\/identity\/\w+/g) ?? []
    assert.deepEqual(
      folders.toSorted(),
      [...AGENTS, 'nats'].map((name) => `/srv/identity/${name}`).toSorted(),
    )
  })

  for (const name of WITHOUT_DATABASE) {
    test(`${name} never sees the database's password`, () =>
      assert.deepEqual(passwords(stack.services[name]!), []))
  }

  test('are found where the configuration says', () => {
    const places = AGENTS.filter((name) => name !== 'console').map((name) => [name, settings.services[name]])
    assert.deepEqual(
      places.filter(([name, place]) => place !== `${name}:7001`),
      [],
    )
  })

  test('all have a place in the list of Prometheus', () => {
    const { scrape_configs } = parse(read('deploy/prometheus/prometheus.yml')) as {
      scrape_configs: { dns_sd_configs: { names: string[] }[] }[]
    }
    assert.deepEqual(scrape_configs[0]?.dns_sd_configs[0]?.names.toSorted(), AGENTS.toSorted())
  })
})

describe('networks', () => {
  test('agents and stores speak on one that nothing leaves', () => {
    assert.equal(stack.networks?.['back']?.internal, true)
    for (const name of ['postgres', 'nats-1', 'nats-2', 'nats-3', 'directory', 'mda'])
      assert.deepEqual(stack.services[name]?.networks, ['back'], name)
  })

  test('the doors are open to IPv6, too', () => {
    assert.equal(stack.networks?.['front']?.enable_ipv6, true)
    for (const name of EDGES) assert.ok(stack.services[name]?.networks?.includes('front'), name)
  })
})

describe('NATS', () => {
  const permissions = read('deploy/nats/permissions.conf')

  test('has on its disk what it has acknowledged', () => {
    assert.match(read('deploy/nats/nats.conf'), /^\s*sync_interval: always$/m)
  })

  test('lets nobody in without a certificate of ours, and no agent into its cluster', () => {
    const settings = read('deploy/nats/nats.conf')
    assert.equal(settings.match(/^\s*verify_and_map: true$/gm)?.length, 2)
    assert.match(settings, /^cluster \{[^}]*^\s*authorization \{ user: "CN=nats" \}$/m)
  })

  test('knows each agent by its certificate, and nobody else', () => {
    const named = permissions.matchAll(/user: "([^"]+)"/g).map(([, name]) => name)
    assert.deepEqual(new Set(named), new Set(AGENTS.map((name) => `CN=${name}`)))
    assert.match(read('deploy/nats/nats.conf'), /^include permissions\.conf$/m)
    for (const name of ['nats-1', 'nats-2', 'nats-3'])
      assert.ok(stack.services[name]?.volumes?.includes('./deploy/nats:/etc/nats:ro'), name)
  })

  test('lets edges hand over, and ask nothing but whether there is a stream', () => {
    const [, allowed = ''] = /HAND_OVER: \[([^\]]*)\]/.exec(permissions) ?? []
    const asked = allowed.match(/\$JS[^"]*/g) ?? []
    assert.deepEqual(
      asked.filter((subject) => !/^\$JS\.API\.STREAM\.INFO\.[A-Z_]+$/.test(subject)),
      [],
    )
    for (const name of WITHOUT_DATABASE)
      assert.match(
        permissions,
        new RegExp(`"CN=${name}", permissions: { publish: \\$HAND_OVER, subscribe: "_INBOX\\.${name}\\.>" }`),
      )
  })

  test('has the bucket of contents that the agents use', () => {
    assert.doesNotMatch(read('deploy/cartero.yaml'), /^\s*bucket:/m)
    assert.match(permissions, /"objects\.CARTERO_CONTENT\.>"/)
  })
})

describe('everything in one container', () => {
  const { cartero } = composeFile('docker-compose.single.yml').services

  test('is as careful', () => {
    assert.equal(cartero?.read_only, true)
    assert.deepEqual(cartero.cap_drop, ['ALL'])
    assert.ok(seconds(cartero.stop_grace_period ?? '') > 30)
  })
})

describe('the image', () => {
  const file = read('tools/images/Dockerfile')

  test('can be built without BuildKit, and where nothing can be fetched from Docker', () => {
    assert.doesNotMatch(file, /^#\s*syntax=/m)
    assert.doesNotMatch(file, /--mount=/)
  })

  test('has a user, and answers as `cartero`', () => {
    assert.match(file, /^USER node$/m)
    assert.match(file, /^ENTRYPOINT \["cartero"\]$/m)
  })
})

function passwords({ volumes = [] }: Service): string[] {
  return volumes.filter((volume) => /database|postgres/.test(volume))
}

function identities({ volumes = [] }: Service): string[] {
  return volumes.filter((volume) => volume.includes('/identity'))
}
