/** Fields that hold addresses, in lower case. */
// RFC 5322 §3.6.2, RFC 5322 §3.6.3, RFC 5322 §3.6.6
export const ADDRESS_FIELDS = [
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'resent-from',
  'resent-sender',
  'resent-to',
  'resent-cc',
  'resent-bcc',
] as const
