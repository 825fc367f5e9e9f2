// How fast messages are indexed, on one core: `node tools/bench/message-index.ts [rounds]`. Medians of interleaved rounds.

import { MessageIndexer } from '@cartero/message'

const HEADER = [
  'Return-Path: <joe@example.com>',
  'Received: from mail.example.com (mail.example.com [192.0.2.1])',
  '\tby mx.example.org with ESMTPS id 01JD8Z5Y3Q; Fri, 21 Nov 2025 10:00:00 +0000',
  'Received: from [10.0.0.7] (unknown [10.0.0.7]) by mail.example.com',
  '\twith ESMTPSA id 01JD8Z5Y3P for <ann@example.org>; Fri, 21 Nov 2025 09:59:58 +0000',
  'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=2025;',
  '\th=from:to:subject:date:message-id; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;',
  `\tb=${'A1b2C3d4'.repeat(8)}`,
  `\t  ${'E5f6G7h8'.repeat(8)}`,
  'Date: Fri, 21 Nov 2025 09:59:57 +0000',
  'From: "Joe Q. Public" <joe@example.com>',
  'To: Ann Example <ann@example.org>, Mary <mary@example.net>',
  'Cc: list@example.org',
  'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= from the bench',
  'Message-ID: <01JD8Z5Y3N@mail.example.com>',
  'In-Reply-To: <01JD8Z5Y3M@example.org>',
  'References: <01JD8Z5Y3K@example.org> <01JD8Z5Y3M@example.org>',
  'User-Agent: Bench/1.0',
  'MIME-Version: 1.0',
]
const TEXT = `${'The quick brown fox jumps over the lazy dog, again and again and '.repeat(1)}\r\n`

function single(octets: number): Buffer {
  const header = `${[...HEADER, 'Content-Type: text/plain; charset=utf-8', ''].join('\r\n')}\r\n`
  return Buffer.from(header + TEXT.repeat(Math.ceil((octets - header.length) / TEXT.length)))
}

function multipart(octets: number): Buffer {
  const base64 = `${'QUJD'.repeat(19)}\r\n`
  const lines = [
    ...HEADER,
    'Content-Type: multipart/mixed; boundary="outer"',
    '',
    '--outer',
    'Content-Type: multipart/alternative; boundary="inner"',
    '',
    '--inner',
    'Content-Type: text/plain; charset=utf-8',
    '',
    TEXT.repeat(10),
    '--inner',
    'Content-Type: text/html; charset=utf-8',
    '',
    TEXT.repeat(20),
    '--inner--',
    '--outer',
    'Content-Type: application/pdf; name="a.pdf"',
    'Content-Disposition: attachment; filename="a.pdf"',
    'Content-Transfer-Encoding: base64',
    '',
    base64.repeat(Math.ceil(octets / base64.length)),
    '--outer--',
    '',
  ]
  return Buffer.from(lines.join('\r\n'))
}

interface Case {
  readonly name: string
  readonly message: Buffer
  readonly times: number
  readonly chunk: number
}

const CASES: readonly Case[] = [
  { name: '4 KB text, whole', message: single(4_096), times: 5_000, chunk: 65_536 },
  { name: '4 KB text, 1 KB chunks', message: single(4_096), times: 5_000, chunk: 1_024 },
  { name: '16 KB, three parts', message: multipart(12_000), times: 2_000, chunk: 65_536 },
  { name: '10 MB attachment', message: multipart(10_000_000), times: 3, chunk: 65_536 },
]

function seconds({ message, times, chunk }: Case): number {
  const start = performance.now()
  for (let i = 0; i < times; i++) {
    const indexer = new MessageIndexer()
    for (let at = 0; at < message.length; at += chunk) indexer.write(message.subarray(at, at + chunk))
    indexer.end()
  }
  return (performance.now() - start) / 1_000
}

const rounds = Number(process.argv[2] ?? 7)
for (const each of CASES) seconds(each)
const taken = CASES.map((): number[] => [])
for (let round = 0; round < rounds; round++) CASES.forEach((each, i) => taken[i]!.push(seconds(each)))
for (const [i, { name, message, times }] of CASES.entries()) {
  const median = taken[i]!.toSorted((a, b) => a - b)[rounds >> 1]!
  const rate = Math.round(times / median).toLocaleString('en')
  const volume = Math.round((message.length * times) / median / 1e6).toLocaleString('en')
  console.log(
    `${name.padEnd(24)} ${String(message.length).padStart(9)} octets ${rate.padStart(9)} messages/s ${volume.padStart(6)} MB/s`,
  )
}
