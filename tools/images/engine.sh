#!/usr/bin/env bash
# A container engine and compose on Debian 12, without a registry: docker.io from apt, compose and buildx from unstable in a folder of
# their own, and dockerd where none answers. Prints what to export. Needs root. usage: eval "$(tools/images/engine.sh)"
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
home=${CARTERO_ENGINE:-/opt/cartero-engine}
say() { printf '%s\n' "$*" >&2; }

wanted=(docker.io debootstrap iptables)
missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if ((${#missing[@]} > 0)); then
  say "installing: ${missing[*]}"
  # Packages must not start services of their own.
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get -qq update >&2 || say 'apt-get update failed; trying with the lists there are'
  apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
fi

# Compose 2 and buildx are not in Debian 12; they are taken from unstable by lists of their own, so that nothing installed changes.
plugins=$home/docker/cli-plugins
from_unstable() (
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  chmod 755 "$folder"
  mkdir -p "$folder"/{apt/apt.conf.d,apt/preferences.d,state/lists/partial,cache/archives/partial,packages}
  touch "$folder/status"
  echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian sid main' >"$folder/apt/sources.list"
  cat >"$folder/apt.conf" <<CONF
Dir::Etc "$folder/apt";
Dir::State "$folder/state";
Dir::State::status "$folder/status";
Dir::Cache "$folder/cache";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
CONF
  export APT_CONFIG=$folder/apt.conf
  timeout 180 apt-get -qq update >&2
  cd "$folder/packages"
  timeout 180 apt-get -qq download docker-compose docker-buildx >&2
  for package in *.deb; do dpkg -x "$package" "$folder/root"; done
  mkdir -p "$plugins"
  cp "$folder"/root/usr/libexec/docker/cli-plugins/docker-{compose,buildx} "$plugins"
)
[[ -x $plugins/docker-compose && -x $plugins/docker-buildx ]] || { say 'unpacking: docker-compose, docker-buildx'; from_unstable; }
export DOCKER_CONFIG=$home/docker

if ! docker info >/dev/null 2>&1; then
  say 'starting dockerd'
  mkdir -p "$home"
  setsid dockerd >"$home/dockerd.log" 2>&1 </dev/null &
  echo $! >"$home/dockerd.pid"
  for _ in $(seq 60); do docker info >/dev/null 2>&1 && break; sleep 0.5; done
  docker info >/dev/null || { tail -20 "$home/dockerd.log" >&2; exit 1; }
fi
say "docker $(docker version -f '{{.Client.Version}} to {{.Server.Version}}'), compose $(docker compose version --short)"
printf 'export DOCKER_CONFIG=%q\n' "$DOCKER_CONFIG"
