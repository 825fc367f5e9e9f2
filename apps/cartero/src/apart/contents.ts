import type { NatsBus } from '@cartero/bus/nats'
import type { ContentStore } from '@cartero/content'
import { openPackedContent } from '@cartero/content/packs'

import { service, type Ground } from './ground.ts'
import { secretIn } from './secret-file.ts'
import type { Service } from './service.ts'

/** The octets of messages, in packs in an object store that all agents share. */
export function contents(ground: Ground, bus: { readonly open: NatsBus }): Service<ContentStore> {
  const { kind, endpoint } = ground.config.services.content
  return service(ground, {
    name: 'content',
    what: kind === 's3' ? `the object store at ${endpoint}` : 'the object store of the broker',
    remedy: kind === 's3' ? 'start it, or correct services.content' : 'see what the broker says in its log',
    open: async (closing, signal) => {
      const objects = kind === 's3' ? await s3Objects(ground) : await natsObjects(ground, bus.open, signal)
      return closing.adopt(await openPackedContent({ objects }), (store) => store.close())
    },
  })
}

async function natsObjects({ config }: Ground, bus: NatsBus, signal: AbortSignal) {
  const { openNatsObjects } = await import('@cartero/content/nats')
  const { content, nats } = config.services
  const { replicas, monitor } = nats
  // Names of streams have no hyphens.
  const bucket = content.bucket.toUpperCase().replaceAll(/[.-]/g, '_')
  return openNatsObjects({ bus, bucket, replicas, signal, ...(monitor.length > 0 && { monitor }) })
}

async function s3Objects({ config }: Ground) {
  const { openS3Objects } = await import('@cartero/content/s3')
  const { endpoint = '', bucket, region, accessKeyFile = '', secretKeyFile = '' } = config.services.content
  return openS3Objects({
    endpoint,
    bucket,
    region,
    accessKeyId: secretIn(accessKeyFile, 'services.content.accessKeyFile'),
    secretAccessKey: secretIn(secretKeyFile, 'services.content.secretKeyFile'),
    makeBucket: true,
  })
}
