#!/usr/bin/env bash
# The full stack, for real, on Debian 12 without a registry: an engine, stand-in images, our image, `docker compose up`, letters through it,
# more and fewer containers, one killed while mail passes, and everything taken away again. What it prints is the evidence; the exit
# code says whether all of it went well. Needs root; takes five minutes the first time and three afterwards. Not part of `npm test`.
# usage: tools/images/local-engine.sh [--s3] [--keep]      contents in S3 rather than in NATS; what runs is left running
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
words=" $* "
export PATH=$PWD/node_modules/.bin:$PATH

# A project of its own, on ports of this machine only.
export COMPOSE_PROJECT_NAME=cartero-proof CARTERO_IMAGE=cartero:proof
export CARTERO_MX_PORT=127.0.0.1:32025 CARTERO_SUBMISSION_PORT=127.0.0.1:32587 CARTERO_SUBMISSIONS_PORT=127.0.0.1:32465
export CARTERO_IMAP_PORT=127.0.0.1:32143 CARTERO_IMAPS_PORT=127.0.0.1:32993 CARTERO_ODMR_PORT=127.0.0.1:32366
export SUBMISSION=127.0.0.1:32587 IMAP=127.0.0.1:32143 TO=bob@example.org PASSWORD=correct-horse-battery
agents=(mx msa imap odmr mta mda directory console)

export COMPOSE_PROFILES=monitoring
if [[ $words == *' --s3 '* ]]; then
  export COMPOSE_PROFILES=monitoring,s3 COMPOSE_FILE=docker-compose.yml:tools/images/s3.yml
fi

failed=0
say() { printf '\n=== %s (%s s)\n' "$*" "$SECONDS"; }
check() { "$@" || { echo "FAILED: $*"; failed=1; }; }
console() { docker compose exec -T console cartero "$@"; }
# Each series has its own sender, since an account may send 1,000 letters an hour.
letters() { FROM=$2@example.org node tools/images/letters.ts "$@"; }
end() {
  local code=$?
  [[ $failed == 0 && $code == 0 ]] || docker compose logs --no-color "${agents[@]}" migrate | grep -E '"level":"(warn|error|fatal)"|error:' | tail -30 || true
  [[ $words == *' --keep '* ]] || docker compose --profile monitoring --profile s3 down -v --remove-orphans --timeout 45 2>&1 | tail -1
}

say 'engine and stand-in images'
eval "$(tools/images/engine.sh)"
tools/images/stand-ins.sh 2>&1 | grep -v -e DEPRECATED -e BuildKit -e '^ *environment' -e '^$'

say 'the compose file'
docker compose --profile s3 config -q
docker compose -f docker-compose.single.yml config -q
echo valid

say 'the image'
docker compose build -q identity
docker image inspect -f '{{.Size}} octets, user {{.Config.User}}' "$CARTERO_IMAGE"
echo "of which the base: $(docker image inspect -f '{{.Size}}' node:26-bookworm-slim)"

trap end EXIT
say 'up'
# Grafana's image cannot be had.
docker compose up -d --wait --wait-timeout 180 $(docker compose config --services | grep -v -x grafana) 2>&1 | tail -3
docker compose ps --format 'table {{.Name}}\t{{.Status}}\t{{.Ports}}'

say 'a domain, accounts, a letter'
check console domain add example.org
for account in "$TO" {first,scaled,directory,killed,fewer,broker,dark}@example.org; do
  check console account add "$account" --password-stdin <<<"$PASSWORD"
done
check letters send first 1
check letters fetch first 1

say 'mta ×3, mda ×2'
docker compose up -d --wait --no-recreate --scale mta=3 --scale mda=2 $(docker compose config --services | grep -v -x grafana) 2>&1 | tail -2
docker compose ps --format 'table {{.Name}}\t{{.Status}}' mta mda
check letters send scaled 200
check letters fetch scaled 200

say 'directory ×2, one of them killed'
docker compose up -d --wait --no-deps --no-recreate --scale directory=2 directory 2>&1 | tail -2
check console account add reader@example.org --reversible-secret --password-stdin <<<"$PASSWORD"
docker kill "$COMPOSE_PROJECT_NAME-directory-1"
check letters send directory 50
check letters fetch directory 50
docker start "$COMPOSE_PROJECT_NAME-directory-1" >/dev/null

say 'an mta and an mda are killed while mail passes'
letters send killed 400 &
sender=$!
sleep 0.5
docker kill "$COMPOSE_PROJECT_NAME-mta-2" "$COMPOSE_PROJECT_NAME-mda-1"
check wait $sender
check letters fetch killed 400

say 'fewer again, while mail passes'
letters send fewer 600 &
sender=$!
docker compose up -d --no-recreate --scale mta=1 --scale mda=1 mta mda 2>&1 | tail -2
check wait $sender
check letters fetch fewer 600

say 'one broker of three is killed while mail passes'
letters send broker 200 &
sender=$!
sleep 0.5
docker compose kill nats-2 2>&1 | tail -1
check wait $sender
check letters fetch broker 200
docker compose start nats-2 2>&1 | tail -1

say 'everything is killed at once while mail passes, and started again'
letters send dark 400 &
sender=$!
sleep 1
docker compose kill 2>&1 | tail -1
docker compose up -d --wait $(docker compose config --services | grep -v -x grafana) 2>&1 | tail -1
check wait $sender
# Whoever heard no answer sends again, and may find it twice.
check letters fetch dark 400 --resent

say 'a container is as small and as poor as it is said to be'
check docker compose exec -T mta sh -c 'id -u; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status; ! touch /app/x'
check docker compose exec -T mx sh -c '! ls /run/cartero/database'
docker stats --no-stream --format 'table {{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}' $(docker compose ps -q)

say 'IPv6'
address=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}} {{end}}' "$(docker compose ps -q mx)" | tr -d ' ')
check node -e "require('node:net').connect(25, process.argv[1]).setTimeout(5000).on('timeout', () => process.exit(1)).on('data', (line) => { console.log(process.argv[1], String(line).trim()); process.exit() })" "$address"

say 'trace and queue'
check console trace "$TO" --limit 2
check console queue list
check console queue shape

say 'metrics of each container'
metrics=$(docker compose exec -T console node --input-type=module --eval "
  import { lookup } from 'node:dns/promises'
  for (const name of '${agents[*]}'.split(' ')) {
    for (const { address } of await lookup(name, { all: true, family: 4 })) {
      const text = await (await fetch('http://' + address + ':8080/metrics')).text()
      const of = (metric) => Number(text.split('\n').find((line) => line.startsWith(metric + ' '))?.split(' ')[1] ?? NaN)
      console.log(name, address, 'ready', of('cartero_ready'), 'MB', Math.round(of('cartero_process_resident_memory_bytes') / 1e6), 'cpu s', of('cartero_process_cpu_seconds_total').toFixed(1), text.split('\n').length, 'lines')
    }
  }")
echo "$metrics"
check test "$(grep -c ' ready 1 ' <<<"$metrics")" -ge ${#agents[@]}

say 'Prometheus: what it found, its rules, and every query of every dashboard'
docker compose exec -T prometheus promtool check config /etc/prometheus/prometheus.yml
answers=$(node tools/monitoring/queries.ts | docker compose exec -T console node --input-type=module --eval "
  import { text } from 'node:stream/consumers'
  const ask = async (path) => (await fetch('http://prometheus:9090/api/v1/' + path)).json()
  const { data } = await ask('targets?state=active')
  console.log('targets:', data.activeTargets.map(({ labels, health }) => labels.service + ' ' + health).toSorted().join(', '))
  const { data: { groups } } = await ask('rules')
  console.log('alerts:', groups.flatMap(({ rules }) => rules.map(({ name, state, health }) => name + ' ' + state + ' ' + health)).join(', '))
  for (const line of (await text(process.stdin)).trim().split('\n')) {
    const [name, query] = line.split('\t')
    const { status, error, data } = await ask('query?query=' + encodeURIComponent(query))
    console.log(status, name + ':', error ?? data.result.length + ' series')
  }")
echo "$answers"
check test "$(grep -c -e '^error' -e ' down' <<<"$answers")" == 0
check test "$(grep -c '^success' <<<"$answers")" -gt 40

say "$( ((failed == 0)) && echo 'all of it went well' || echo 'NOT all of it went well')"
exit $failed
