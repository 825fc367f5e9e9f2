#!/usr/bin/env bash
# The compose files of a home mailbox behind a small edge (apps/odmr/examples), for real: a letter from outside reaches the edge, waits, is
# fetched by home, and read there; what home writes leaves by the edge. Needs what local-engine.sh needs; takes half a minute.
# usage: tools/images/local-odmr.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH=$PWD/node_modules/.bin:$PATH
eval "$(tools/images/engine.sh)"
tools/images/stand-ins.sh node >/dev/null 2>&1

work=$(mktemp -d)
export COMPOSE_PROJECT_NAME=cartero-odmr
# Where the real ones are read from, and ports of this machine only; both sides meet on a network of this project.
cat >"$work/here.yaml" <<FILE
services:
  edge:
    ports: !override ['127.0.0.1:31025:25']
    volumes: !override
      - $PWD/apps/odmr/examples/edge/cartero.yaml:/etc/cartero/cartero.yaml:ro
      - $work/letsencrypt:/etc/letsencrypt:ro
      - edge:/var/lib/cartero
    networks: { default: { aliases: [edge.example.org] } }
  home:
    ports: !override ['127.0.0.1:31587:587', '127.0.0.1:31143:143']
    environment:
      NODE_EXTRA_CA_CERTS: /authority.pem
    volumes: !override
      - $PWD/apps/odmr/examples/home/cartero.yaml:/etc/cartero/cartero.yaml:ro
      - $work/edge-password:/etc/cartero/edge-password:ro
      - $work/authority/authority.pem:/authority.pem:ro
      - home:/var/lib/cartero
volumes:
  edge:
  home:
FILE
compose() { docker compose -f apps/odmr/examples/edge/compose.yaml -f apps/odmr/examples/home/compose.yaml -f "$work/here.yaml" "$@"; }
end() {
  [[ $? == 0 ]] || compose logs --tail 30
  compose down -v --timeout 40 2>&1 | tail -1
  rm -rf "$work"
}
trap end EXIT

# A certificate that home can believe in, where certbot would have put it.
node apps/cartero/src/main.ts identity "$work/authority" edge=edge.example.org >/dev/null
live=$work/letsencrypt/live/edge.example.org
mkdir -p "$live"
printf '%s\n' "$(<"$work/authority/edge.pem")" "$(<"$work/authority/authority.pem")" >"$live/fullchain.pem"
cp "$work/authority/edge.key" "$live/privkey.pem"
touch "$work/edge-password"
chown -R 1000:1000 "$work"
chmod 755 "$work"

for side in edge home; do docker compose -f apps/odmr/examples/$side/compose.yaml config -q; done
compose up -d --build --wait edge 2>&1 | tail -1
compose exec -T edge cartero odmr add home.example.org --json | tee "$work/added" | grep -v password
node -p 'JSON.parse(fs.readFileSync(process.argv[1])).password' "$work/added" >"$work/edge-password"
compose up -d --wait home 2>&1 | tail -1
compose exec -T home cartero domain add home.example.org
compose exec -T home cartero account add you@home.example.org --password-stdin <<<'correct-horse-battery'

swaks --silent 1 --server 127.0.0.1:31025 --from somebody@elsewhere.test --to you@home.example.org --header 'Subject: letter 1' && echo 'the edge took the letter'
compose exec -T edge cartero odmr list
compose exec -T home cartero odmr fetch edge
IMAP=127.0.0.1:31143 TO=you@home.example.org PASSWORD=correct-horse-battery node tools/images/letters.ts fetch letter 1
swaks --silent 1 --server 127.0.0.1:31587 -tls --auth PLAIN --auth-user you@home.example.org --auth-password correct-horse-battery \
  --from you@home.example.org --to tim@nowhere.test && echo 'home took a letter for elsewhere'
for _ in $(seq 50); do compose exec -T home cartero trace tim@nowhere.test | grep -q 'edge.example.org' && break; sleep 0.2; done
compose exec -T home cartero trace tim@nowhere.test
compose ps --format 'table {{.Name}}\t{{.Status}}'
