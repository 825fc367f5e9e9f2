#!/usr/bin/env bash
# Images that bear the names of vendors' ones and are made of Debian's packages, for a machine that reaches no registry.
# They prove our compose file and our image, not the vendors' entrypoints. What exists already is left alone.
# Needs root and an engine (engine.sh). usage: tools/images/stand-ins.sh [name …]    (node nats postgres prometheus objects)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
home=${CARTERO_ENGINE:-/opt/cartero-engine}
export DOCKER_CONFIG=$home/docker DOCKER_BUILDKIT=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The tag that the stack asks for, so that it stands in one place.
wanted() { cat docker-compose.yml tools/images/Dockerfile | grep -oE "(image:|FROM) +$1:[^ ]+" | head -1 | awk '{print $2}'; }
has() { docker image inspect "$1" >/dev/null 2>&1; }

# usage: debian <release> <tag> [package …]
debian() {
  local release=$1 tag=$2 root=$work/$1-root
  shift 2
  has "$tag" && return
  echo "debootstrap $release: $tag"
  debootstrap --variant=minbase --include="$(IFS=,; echo ca-certificates,tzdata"${*:+,$*}")" "$release" "$root" http://deb.debian.org/debian >"$work/log" 2>&1 ||
    { tail -5 "$work/log"; return 1; }
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*
  tar -C "$root" -c . | docker import -c 'CMD ["bash"]' - "$tag" >/dev/null
  rm -rf "$root"
}

# usage: build <tag> <folder>
build() {
  echo "building: $1"
  docker build -q -t "$1" "$2" >/dev/null
}

node_image() {
  local tag folder=$work/node
  tag=$(wanted node)
  has "$tag" && return
  debian bookworm cartero-debian:bookworm
  mkdir -p "$folder"
  cp "$(PATH=$PWD/node_modules/.bin:$PATH node -p process.execPath)" "$folder/node"
  (cd "$folder" && npm pack --silent npm@11 >/dev/null 2>&1 && tar xzf npm-*.tgz && mv package npm && rm npm-*.tgz)
  # Only here: the authority by which this machine reaches the package registry.
  cp /etc/ssl/certs/ca-certificates.crt "$folder/authorities.crt"
  cat >"$folder/Dockerfile" <<'FILE'
FROM cartero-debian:bookworm
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends libatomic1 >/dev/null && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
COPY authorities.crt /etc/ssl/certs/ca-certificates.crt
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt npm_config_cafile=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]
FILE
  build "$tag" "$folder"
}

nats_image() {
  local tag folder=$work/nats server=/opt/cartero-peers/nats-server/usr/sbin/nats-server
  tag=$(wanted nats)
  has "$tag" && return
  [[ -x $server ]] || { echo "no $server: run tools/interop/install-peers.sh"; return 1; }
  debian bookworm cartero-debian:bookworm
  mkdir -p "$folder"
  cp "$server" "$folder"
  cat >"$folder/Dockerfile" <<'FILE'
FROM cartero-debian:bookworm
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends busybox >/dev/null && ln -s busybox /usr/bin/wget && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY nats-server /usr/local/bin/nats-server
ENTRYPOINT ["nats-server"]
FILE
  build "$tag" "$folder"
}

postgres_image() {
  local tag folder=$work/postgres
  tag=$(wanted postgres)
  has "$tag" && return
  debian trixie cartero-debian:trixie-postgres postgresql-17 gosu
  mkdir -p "$folder"
  # The variables of the official image, the password by a file, and its users.
  cat >"$folder/docker-entrypoint.sh" <<'FILE'
#!/bin/bash
set -e
data=$PGDATA user=${POSTGRES_USER:-postgres}
if [[ $1 == postgres && $(id -u) == 0 ]]; then
  mkdir -p "$data" && chown -R postgres "$data" && chmod 700 "$data"
  exec gosu postgres "$0" "$@"
fi
if [[ $1 == postgres && ! -s $data/PG_VERSION ]]; then
  [[ -n $POSTGRES_PASSWORD_FILE ]] && POSTGRES_PASSWORD=$(<"$POSTGRES_PASSWORD_FILE")
  initdb -D "$data" -U "$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --auth-local=trust --auth-host=scram-sha-256 $POSTGRES_INITDB_ARGS
  echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
  pg_ctl -D "$data" -o '-c listen_addresses=""' -w start
  [[ ${POSTGRES_DB:-$user} == postgres ]] || psql -U "$user" -d postgres -c "create database \"${POSTGRES_DB:-$user}\""
  pg_ctl -D "$data" -m fast -w stop
fi
[[ $1 == postgres ]] && set -- "$@" -c "listen_addresses=*"
exec "$@"
FILE
  chmod 755 "$folder/docker-entrypoint.sh"
  cat >"$folder/Dockerfile" <<'FILE'
FROM cartero-debian:trixie-postgres
ENV PATH=/usr/local/bin:/usr/lib/postgresql/17/bin:/usr/sbin:/usr/bin:/sbin:/bin PGDATA=/var/lib/postgresql/data LANG=C.UTF-8
RUN usermod -u 999 postgres && groupmod -g 999 postgres \
 && mkdir -p "$PGDATA" /var/run/postgresql && chown -R postgres:postgres /var/lib/postgresql /var/run/postgresql && chmod 1777 "$PGDATA"
COPY docker-entrypoint.sh /usr/local/bin/
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
FILE
  build "$tag" "$folder"
}

prometheus_image() {
  local tag folder=$work/prometheus
  tag=$(wanted prom/prometheus)
  has "$tag" && return
  debian bookworm cartero-debian:bookworm
  mkdir -p "$folder"
  # The packages have what only Debian's own service needs, too; the two programs are enough.
  (cd "$folder" && chmod 777 . && apt-get -qq download prometheus && dpkg -x prometheus_*.deb root && rm prometheus_*.deb && mv root/usr/bin/{prometheus,promtool} . && rm -rf root)
  cat >"$folder/Dockerfile" <<'FILE'
FROM cartero-debian:bookworm
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends busybox >/dev/null && ln -s busybox /usr/bin/wget && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY prometheus promtool /bin/
RUN mkdir -p /prometheus && chown -R nobody:nogroup /prometheus
USER nobody
WORKDIR /prometheus
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
FILE
  build "$tag" "$folder"
}

# Ceph's S3 gateway, which keeps objects in SQLite when it is told to, under the name of the server that the stack asks for; with its probe.
objects_image() {
  local tag folder=$work/objects gateway=/opt/cartero-peers/radosgw
  tag=$(wanted chrislusf/seaweedfs)
  has "$tag" && return
  [[ -x $gateway/usr/bin/radosgw ]] || { echo "no $gateway: run tools/interop/install-peers.sh"; return 1; }
  debian bookworm cartero-debian:bookworm
  mkdir -p "$folder"
  cp -a "$gateway/usr" "$folder/usr"
  cat >"$folder/entrypoint.sh" <<'FILE'
#!/bin/sh
set -e
secrets=/run/cartero/objects
libraries=$(echo /radosgw/lib/*-linux-gnu)
cat >/tmp/ceph.conf <<CONF
[global]
mon_host = 127.0.0.1
[client]
rgw_backend_store = dbstore
rgw_config_store = dbstore
dbstore_db_dir = /data
dbstore_config_uri = file:/data/config.db
rgw_frontends = beast endpoint=0.0.0.0:8333
rgw_enable_gc_threads = false
rgw_enable_ops_log = false
rgw_data = /data
run_dir = /tmp
log_file = /tmp/log
admin_socket =
CONF
radosgw() {
  program=$1
  shift
  "$libraries"/ld-linux-*.so.* --library-path "$libraries:$libraries/ceph" "/radosgw/bin/$program" -n client.rgw -c /tmp/ceph.conf --no-mon-config "$@"
}
radosgw radosgw -f &
until wget -qO- http://127.0.0.1:8333 >/dev/null 2>&1; do sleep 0.2; done
radosgw radosgw-admin user create --uid=cartero --display-name=Cartero --access-key="$(cat $secrets/access-key)" --secret-key="$(cat $secrets/secret-key)" >/dev/null || true
mkdir -p /tmp/probe/cluster
touch /tmp/probe/cluster/healthz
busybox httpd -p 9333 -h /tmp/probe
wait
FILE
  chmod 755 "$folder/entrypoint.sh"
  cat >"$folder/Dockerfile" <<'FILE'
FROM cartero-debian:bookworm
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends busybox >/dev/null && ln -s busybox /usr/bin/wget && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY usr /radosgw
COPY entrypoint.sh /usr/local/bin/
ENTRYPOINT ["entrypoint.sh"]
FILE
  build "$tag" "$folder"
}

names=("$@")
((${#names[@]} > 0)) || names=(node nats postgres prometheus objects)
for name in "${names[@]}"; do "${name}_image"; done
docker images --format '{{.Repository}}:{{.Tag}} {{.Size}}'
