// Clients of others log in, each as it says it, over real sockets and TLS.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { command, lacks, LineClient } from '@cartero/testkit'
import { createTransport } from 'nodemailer'
import { ALICE, hasOpenssl, HOST as host, LoginStage, PASSWORD } from './login-stage.ts'

const stage = await LoginStage.open()
const { submission, submissions, provider } = stage
after(() => stage[Symbol.asyncDispose]())

/** What curl ends with: 0 sent, 67 login denied. */
async function curl(...words: string[]): Promise<number | null> {
  const letter = stage.file('letter')
  writeFileSync(letter, 'From: alice@cartero.test\r\nSubject: curl\r\n\r\nhello\r\n')
  const from = ['--mail-from', ALICE, '--mail-rcpt', ALICE, '--upload-file', letter]
  const url = `smtps://${host}:${submissions}`
  const { code } = await command('curl', ['--silent', '--insecure', '--url', url, ...from, ...words])
  return code
}

describe('curl', { skip: lacks('curl', 'curl') }, () => {
  for (const method of ['OAUTHBEARER', 'XOAUTH2']) {
    test(`sends by ${method}, and is told when the token is no good`, async () => {
      const words = (token: string): string[] => [
        '--user',
        `${ALICE}:`,
        '--oauth2-bearer',
        token,
        '--login-options',
        `AUTH=${method}`,
      ]
      assert.equal(await curl(...words(provider.token(ALICE))), 0)
      assert.equal(await curl(...words('rubbish')), 67)
    })
  }

  test('sends by CRAM-MD5', async () => {
    const words = (password: string): string[] => [
      '--user',
      `${ALICE}:${password}`,
      '--login-options',
      'AUTH=CRAM-MD5',
    ]
    assert.equal(await curl(...words(PASSWORD)), 0)
    assert.equal(await curl(...words('wrong')), 67)
  })

  test('sends by EXTERNAL', { skip: !hasOpenssl }, async () => {
    const certificate = ['--cert', stage.file('client.pem'), '--key', stage.file('client.key')]
    const words = (name: string): string[] => [
      ...certificate,
      '--user',
      `${name}:`,
      '--login-options',
      'AUTH=EXTERNAL',
    ]
    assert.equal(await curl(...words(ALICE)), 0)
    assert.equal(await curl(...words('bob@cartero.test')), 67)
  })
})

test('swaks logs in by CRAM-MD5', { skip: lacks('swaks', 'swaks') }, async () => {
  const swaks = async (password: string): Promise<string> => {
    const words = [
      '--server',
      host,
      '--port',
      String(submission),
      '--tls',
      '--auth',
      'CRAM-MD5',
      '--auth-hide-password',
    ]
    const who = ['--auth-user', ALICE, '--auth-password', password, '--quit-after', 'AUTH']
    return (await command('swaks', [...words, ...who])).stdout.toString()
  }
  assert.match(await swaks(PASSWORD), /<~ {2}235 2\.7\.0/)
  assert.match(await swaks('wrong'), /<~\* 535 5\.7\.8/)
})

test('Python logs in by CRAM-MD5', { skip: lacks('python3', 'python3') }, async () => {
  const program = `
import smtplib, ssl, sys
context = ssl._create_unverified_context()
with smtplib.SMTP('${host}', ${submission}) as smtp:
    smtp.starttls(context=context)
    smtp.ehlo()
    smtp.user, smtp.password = sys.argv[1:]
    try:
        print(smtp.auth('CRAM-MD5', smtp.auth_cram_md5)[0])
    except smtplib.SMTPAuthenticationError as error:
        print(error.smtp_code)
`
  for (const [password, code] of [
    [PASSWORD, '235'],
    ['wrong', '535'],
  ] as const) {
    const { stdout, stderr } = await command('python3', ['-c', program, ALICE, password])
    assert.equal(stdout.toString().trim(), code, stderr)
  }
})

test('nodemailer sends by XOAUTH2', async () => {
  const send = async (accessToken: string): Promise<unknown> => {
    const transport = createTransport({
      host,
      port: submissions,
      secure: true,
      tls: { rejectUnauthorized: false },
      auth: { type: 'OAuth2', user: ALICE, accessToken },
    })
    try {
      return await transport.sendMail({ from: ALICE, to: ALICE, subject: 'token', text: 'hello' })
    } finally {
      transport.close()
    }
  }
  await send(provider.token(ALICE))
  await assert.rejects(send('rubbish'), /535/)
})

describe('AUTH LOGIN as Outlook and its kin say it', () => {
  const words = (text: string): string => Buffer.from(text).toString('base64')

  for (const [how, first, second] of [
    ['with nothing', 'AUTH LOGIN', words(ALICE)],
    ['in lower case', 'auth login', words(ALICE)],
    ['with an empty initial response', 'AUTH LOGIN =', words(ALICE)],
    ['with the user name at once', `AUTH LOGIN ${words(ALICE)}`, undefined],
  ] as const) {
    test(`lets in ${how}`, async () => {
      using client = await LineClient.connectTls(submissions)
      await client.reply()
      await client.smtp('EHLO client.test')
      let reply = await client.smtp(first)
      if (second !== undefined) {
        assert.equal(reply, '334 VXNlcm5hbWU6\r\n')
        reply = await client.smtp(second)
      }
      assert.equal(reply, '334 UGFzc3dvcmQ6\r\n')
      assert.match(await client.smtp(words(PASSWORD)), /^235 2\.7\.0/)
    })
  }

  test('is told what is not base64, and may try again', async () => {
    using client = await LineClient.connectTls(submissions)
    await client.reply()
    await client.smtp('EHLO client.test')
    assert.match(await client.smtp(`AUTH LOGIN ${ALICE}`), /^501 5\.5\.2/)
    await client.smtp('AUTH LOGIN')
    assert.match(await client.smtp(ALICE), /^501 5\.5\.2/)
    await client.smtp('AUTH LOGIN')
    await client.smtp(words(ALICE))
    assert.match(await client.smtp(words(PASSWORD).slice(0, -1)), /^501 5\.5\.2/)
    await client.smtp('AUTH LOGIN')
    await client.smtp(words(ALICE))
    assert.match(await client.smtp(words(PASSWORD)), /^235/)
  })
})
