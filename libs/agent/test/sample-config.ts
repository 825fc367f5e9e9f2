import {
  bytes,
  choice,
  concealed,
  duration,
  flag,
  integer,
  list,
  listenAddress,
  optional,
  record,
  secret,
  section,
  setting,
  text,
  type ConfigRule,
} from '@cartero/agent/config'

const sources = {
  readFile: (path: string): string => {
    if (path === '/run/secrets/token') return 'from the file\n'
    throw new Error('ENOENT')
  },
  environment: { TOKEN: 'from the environment' },
}

/** A configuration with one setting of each type, for the tests. */
export const sample = section('A sample. Every key is optional.', {
  hostname: setting(text('a host name such as mail.example.com', /^[a-z0-9.-]+$/), {
    default: 'localhost',
    doc: 'The name of this host.',
    example: 'mail.example.com',
  }),
  smtp: section(
    'Mail on its way.',
    {
      listen: setting(list(listenAddress), { default: [':25'], doc: 'Where to listen.' }),
      messageSize: setting(bytes({ min: '1KB', max: '1GB' }), {
        default: '50MB',
        doc: 'The largest message.',
      }),
      timeout: setting(duration({ min: '1s', max: '1h' }), {
        default: '5m',
        doc: 'Patience with a silent peer.',
      }),
      sessions: setting(integer({ min: 1, max: 100_000 }), { default: 1_000, doc: 'Sessions at a time.' }),
      strict: setting(flag, { default: true, doc: 'No guessing.' }),
    },
    { domains: 'domains are data: use "cartero domain add"' },
  ),
  log: section('What is told.', {
    level: setting(choice(['debug', 'info', 'warn']), { default: 'info', doc: 'The least important level.' }),
  }),
  api: section('The interface.', {
    token: optional(secret(sources), {
      doc: 'Who knows it may ask.',
      example: { file: '/run/secrets/token' },
    }),
    certificate: optional(text('a path'), { doc: 'In PEM.', example: '/etc/ssl/mail.pem' }),
    callers: setting(
      list(
        record(
          { name: text('a name'), sessions: integer({ min: 1, max: 9 }) },
          { password: concealed(record({}, { file: text('a path') })) },
        ),
      ),
      {
        default: [],
        doc: 'Who else may ask.',
        example: [{ name: 'tim', sessions: 2 }],
      },
    ),
  }),
})

export const certificateNeedsToken: ConfigRule<typeof sample> = function* ({ api }) {
  if (api.certificate === undefined || api.token !== undefined) return
  yield {
    key: 'api.certificate',
    message: 'a certificate without a token serves nobody',
    fix: 'set api.token, too',
  }
}
