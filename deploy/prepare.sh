#!/bin/sh
# Before the first start, and again before each later one: certificates by which agents and brokers know each other, and passwords.
# What is there and good stays. Each folder is a volume, and who may read what is said in docker-compose.yml.
set -eu
umask 027

# A password that nobody has to type, unless there is one. usage: secret <file>
secret() {
  [ -s "$1" ] || node -p 'crypto.randomBytes(24).toString("base64url")' >"$1.new"
  [ -s "$1" ] || mv "$1.new" "$1"
  chmod 0440 "$1"
}

cartero identity /srv/authority nats=nats-1,nats-2,nats-3 "doors=$CARTERO_HOSTNAME"
# Each has a folder of its own, and nobody else's key; that of the authority stays where it is.
for folder in /srv/identity/*; do
  for file in "${folder##*/}.pem" "${folder##*/}.key" authority.pem; do
    cmp -s "/srv/authority/$file" "$folder/$file" || cp -p "/srv/authority/$file" "$folder/"
  done
done

# For clients, until there is a certificate that they know (CARTERO_TLS).
printf '%s\n' "$(cat /srv/authority/doors.pem)" "$(cat /srv/authority/authority.pem)" >/srv/tls/fullchain.pem
cp /srv/authority/doors.key /srv/tls/privkey.pem

secret /srv/database/password
secret /srv/objects/access-key
secret /srv/objects/secret-key
secret /srv/grafana/password
printf '{"identities":[{"name":"cartero","credentials":[{"accessKey":"%s","secretKey":"%s"}],"actions":["Admin","Read","Write","List","Tagging"]}]}\n' \
  "$(cat /srv/objects/access-key)" "$(cat /srv/objects/secret-key)" >/srv/objects/seaweedfs.json
echo 'certificates and passwords are in their volumes'
