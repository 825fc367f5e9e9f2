#!/usr/bin/env bash
# The full stack, for real, on Debian 12 without a registry: an engine, stand-in images, our image, `docker compose up`, letters through it,
# more and fewer containers, one killed while mail passes, and everything taken away again. What it prints is the evidence; the exit
# code says whether all of it went well. Needs root; takes four minutes the first time and two afterwards. Not part of `npm test`.
# usage: tools/images/local-engine.sh [--keep]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
keep=${1:-}
export PATH=$PWD/node_modules/.bin:$PATH

# A project of its own, on ports of this machine only.
export COMPOSE_PROJECT_NAME=cartero-proof CARTERO_IMAGE=cartero:proof
export CARTERO_MX_PORT=127.0.0.1:32025 CARTERO_SUBMISSION_PORT=127.0.0.1:32587 CARTERO_SUBMISSIONS_PORT=127.0.0.1:32465
export CARTERO_IMAP_PORT=127.0.0.1:32143 CARTERO_IMAPS_PORT=127.0.0.1:32993 CARTERO_ODMR_PORT=127.0.0.1:32366
export SUBMISSION=127.0.0.1:32587 IMAP=127.0.0.1:32143 FROM=alice@example.org TO=bob@example.org PASSWORD=correct-horse-battery
agents=(mx msa imap odmr mta mda directory console)

failed=0
say() { printf '\n=== %s (%s s)\n' "$*" "$SECONDS"; }
check() { "$@" || { echo "FAILED: $*"; failed=1; }; }
console() { docker compose exec -T console cartero "$@"; }
letters() { node tools/images/letters.ts "$@"; }
end() {
  [[ $failed == 0 && $? == 0 ]] || docker compose logs --tail 15 "${agents[@]}" migrate || true
  [[ $keep == --keep ]] || docker compose --profile monitoring down -v --remove-orphans --timeout 45 2>&1 | tail -1
}

say 'engine and stand-in images'
eval "$(tools/images/engine.sh)"
tools/images/stand-ins.sh 2>&1 | grep -v -e DEPRECATED -e BuildKit -e '^ *environment' -e '^$'

say 'the compose file'
docker compose --profile s3 --profile monitoring config -q
docker compose -f docker-compose.single.yml config -q
echo valid

say 'the image'
docker compose build -q identity
docker image inspect -f '{{.Size}} octets, user {{.Config.User}}' "$CARTERO_IMAGE"
echo "of which the base: $(docker image inspect -f '{{.Size}}' node:26-bookworm-slim)"

trap end EXIT
say 'up'
docker compose --profile monitoring up -d --wait --wait-timeout 180 $(docker compose --profile monitoring config --services | grep -v -e grafana) 2>&1 | tail -3
docker compose ps --format 'table {{.Name}}\t{{.Status}}\t{{.Ports}}'

say 'a domain, two accounts, a letter'
check console domain add example.org
check console account add "$FROM" --password-stdin <<<"$PASSWORD"
check console account add "$TO" --password-stdin <<<"$PASSWORD"
check letters send first 1
check letters fetch first 1

say 'mta ×3, mda ×2'
docker compose up -d --wait --no-recreate --scale mta=3 --scale mda=2 2>&1 | tail -2
docker compose ps --format 'table {{.Name}}\t{{.Status}}' mta mda
check letters send scaled 200
check letters fetch scaled 200

say 'an mta and an mda are killed while mail passes'
letters send killed 400 &
sender=$!
sleep 0.5
docker kill "$COMPOSE_PROJECT_NAME-mta-2" "$COMPOSE_PROJECT_NAME-mda-1"
check wait $sender
check letters fetch killed 400

say 'fewer again, while mail passes'
letters send fewer 200 &
sender=$!
docker compose up -d --no-recreate --scale mta=1 --scale mda=1 2>&1 | tail -2
check wait $sender
check letters fetch fewer 200

say 'one broker of three is killed while mail passes'
letters send broker 200 &
sender=$!
sleep 0.5
docker kill "$COMPOSE_PROJECT_NAME-nats-2"
check wait $sender
check letters fetch broker 200
docker start "$COMPOSE_PROJECT_NAME-nats-2" >/dev/null

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
docker compose --profile monitoring exec -T prometheus promtool check config /etc/prometheus/prometheus.yml
node tools/monitoring/queries.ts >"${TMPDIR:-/tmp}/cartero-queries"
while IFS=$'\t' read -r name query; do
  answer=$(docker compose exec -T console node -p 'await (await fetch("http://prometheus:9090/api/v1/query?query=" + encodeURIComponent(process.argv[1]))).text()' "$query" </dev/null)
  [[ $answer == '{"status":"success"'* ]] || { echo "FAILED: $name: $query: $answer"; failed=1; }
done <"${TMPDIR:-/tmp}/cartero-queries"
echo "$(wc -l <"${TMPDIR:-/tmp}/cartero-queries") queries were answered"

say "$( ((failed == 0)) && echo 'all of it went well' || echo 'NOT all of it went well')"
exit $failed
