import { createHash, createHmac } from 'node:crypto'

/** Who asks, and for where the signature counts. */
export interface SigningKey {
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface Signable {
  readonly method: string
  /** As it is sent: every octet but `A-Z a-z 0-9 - _ . ~ /` escaped. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** Names in small letters; `host` is among them. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/**
 * The headers that say who asks: AWS Signature Version 4. Method, path, query, headers and body cannot be changed on the way.
 * @param time milliseconds since the epoch
 */
export function signed(request: Signable, key: SigningKey, time: number): Readonly<Record<string, string>> {
  const moment = new Date(time).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const headers = {
    ...request.headers,
    'x-amz-content-sha256': createHash('sha256').update(request.body).digest('hex'),
    'x-amz-date': moment,
  }
  const names = Object.keys(headers).toSorted()
  const scope = `${moment.slice(0, 8)}/${key.region}/s3/aws4_request`
  const canonical = [
    request.method,
    request.path,
    queryString(request.query),
    ...names.map((name) => `${name}:${headers[name as keyof typeof headers]}`),
    '',
    names.join(';'),
    headers['x-amz-content-sha256'],
  ].join('\n')
  const digest = createHash('sha256').update(canonical).digest('hex')
  const signature = hmac(signingKey(key, moment.slice(0, 8)), [ALGORITHM, moment, scope, digest].join('\n'))
  const authorization = [
    `${ALGORITHM} Credential=${key.accessKeyId}/${scope}`,
    `SignedHeaders=${names.join(';')}`,
    `Signature=${signature.toString('hex')}`,
  ].join(', ')
  return { ...headers, authorization }
}

/** In the order in which it is signed. */
export function queryString(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .toSorted()
    .join('&')
}

/** A path of which each part is escaped. */
export function pathOf(...parts: readonly string[]): string {
  return `/${parts.map((part) => part.split('/').map(escaped).join('/')).join('/')}`
}

function escaped(word: string): string {
  return encodeURIComponent(word).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function signingKey({ secretAccessKey, region }: SigningKey, day: string): Buffer {
  return [day, region, 's3', 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`))
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
