import { readFileSync } from 'node:fs'

import { explainSystemError } from '@cartero/agent/lifecycle'
import type { NatsBus } from '@cartero/bus/nats'
import type { ContentStore } from '@cartero/content'
import { openPackedContent } from '@cartero/content/packs'

import { service, type Ground } from './ground.ts'
import type { Service } from './service.ts'

/** The octets of messages, in packs in an object store that all agents share. */
export function contents(ground: Ground, bus: { readonly open: NatsBus }): Service<ContentStore> {
  const { kind, endpoint } = ground.config.services.content
  return service(ground, {
    name: 'content',
    what: kind === 's3' ? `the object store at ${endpoint}` : 'the object store of the broker',
    remedy: kind === 's3' ? 'start it, or correct services.content' : 'see what the broker says in its log',
    open: async (closing) => {
      const objects = kind === 's3' ? await s3Objects(ground) : await natsObjects(ground, bus.open)
      return closing.adopt(await openPackedContent({ objects }), (store) => store.close())
    },
  })
}

async function natsObjects({ config }: Ground, bus: NatsBus) {
  const { openNatsObjects } = await import('@cartero/content/nats')
  const { content, nats } = config.services
  return openNatsObjects({ bus, bucket: content.bucket, replicas: nats.replicas })
}

async function s3Objects({ config }: Ground) {
  const { openS3Objects } = await import('@cartero/content/s3')
  const { endpoint = '', bucket, region, accessKeyFile = '', secretKeyFile = '' } = config.services.content
  return openS3Objects({
    endpoint,
    bucket,
    region,
    accessKeyId: secretIn(accessKeyFile),
    secretAccessKey: secretIn(secretKeyFile),
    makeBucket: true,
  })
}

function secretIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw explainSystemError(error, `read ${file}`, 'check services.content')
  }
}
