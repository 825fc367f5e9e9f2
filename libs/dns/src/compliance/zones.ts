/** What the DNS knows of `mail.test`, as a zone file that name servers read, too. */
export const COMPLIANCE_ORIGIN = 'mail.test'

export const COMPLIANCE_ZONE = `$ORIGIN mail.test.
$TTL 300
@            IN SOA   ns hostmaster 1 3600 600 86400 60
             IN NS    ns
ns           IN A     127.0.0.1
@            IN MX    10 mx1
             IN MX    20 MX2.mail.test.
mx1          IN A     127.0.0.2
             IN AAAA  ::2
mx2          IN A     127.0.0.3
             IN A     127.0.0.4
_25._tcp.mx1 IN TLSA  3 1 1 ( 0123456789abcdef0123456789abcdef
                              0123456789ABCDEF0123456789abcdef ) ; split over lines
null         IN MX    0 .
text         IN TXT   "v=STSv1; " "id=20260101;"
alias        IN CNAME alias2
alias2       IN CNAME mx1
to-nothing   IN CNAME missing
to-no-data   IN CNAME text
*.wild       IN A     127.0.0.9
a.b.deep     IN A     127.0.0.8
2.0.0.127    IN PTR   mx1
`
