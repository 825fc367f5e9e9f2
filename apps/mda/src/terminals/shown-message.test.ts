import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ContentId, ContentStore } from '@cartero/content'
import type { SpooledMessage } from '@cartero/spool'

import { shownMessage } from './shown-message.ts'

test('a terminal shows the date that submission added, and a text behind it', async () => {
  const octets = Buffer.from('From: tim@example.org\r\nSubject: now\r\n\r\ncome\r\n')
  const content: Pick<ContentStore, 'read'> = { read: () => Promise.resolve(octets) }
  const message = {
    content: 'c' as ContentId,
    size: octets.length,
    prefix: Buffer.from('Received: from x\r\nDate: Mon, 23 Nov 2026 05:08:12 +0000\r\n'),
    envelope: { reversePath: 'tim@example.org' },
  } as SpooledMessage
  assert.deepEqual(await shownMessage(message, content), {
    from: '<tim@example.org>',
    subject: 'now',
    date: 'Mon, 23 Nov 2026 05:08:12 +0000',
    text: 'come\n',
  })
})
