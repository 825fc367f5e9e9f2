import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImapClientMachine, type Completion } from '@cartero/imap/client'

/** A client that wants TLS and then its capabilities, and what it has heard. */
function impatient(): { machine: ImapClientMachine; heard: string[]; said: () => string[] } {
  const heard: string[] = []
  const machine = new ImapClientMachine({ heard: (response) => void heard.push(JSON.stringify(response)) })
  const secured = ({ result }: Completion): void => {
    assert.equal(result.status, 'OK')
    machine.startTls()
  }
  machine.submit('STARTTLS', secured)
  machine.submit('CAPABILITY', () => {})
  const said = (): string[] => {
    const outputs: string[] = []
    for (let output = machine.next(); output !== undefined; output = machine.next())
      outputs.push(output.kind === 'send' ? output.bytes.toString() : output.kind)
    return outputs
  }
  return { machine, heard, said }
}

// RFC 9051 §11.1
for (const [name, smuggled] of [
  ['whole responses', '* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nc2 OK done\r\n'],
  ['half of a response', '* CAPABILITY IMAP4rev1 AUTH='],
  ['half of a literal', '* LIST () "/" {40}\r\nx'],
] as const)
  test(`what a server says in the clear behind its consent to TLS is not believed: ${name}`, () => {
    const { machine, heard, said } = impatient()
    machine.receive(Buffer.from('* OK hello\r\n'))
    assert.deepEqual(said(), ['c1 STARTTLS\r\n'])
    machine.receive(Buffer.from(`c1 OK begin\r\n${smuggled}`))
    assert.deepEqual(said(), ['startTls', 'c2 CAPABILITY\r\n'])
    machine.tlsStarted({ version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' })
    machine.receive(Buffer.from('* CAPABILITY IMAP4rev2\r\nc2 OK done\r\n'))
    said()
    assert.equal(heard.length, 4)
    assert.ok(!heard.some((each) => /IMAP4rev1|PLAIN|LIST/.test(each)), heard.join('\n'))
  })
