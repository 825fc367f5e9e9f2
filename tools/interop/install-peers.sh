#!/usr/bin/env bash
# The mail servers and clients that the interoperability tests talk to, from Debian's packages; none of them is started.
# Postfix and Dovecot are installed. Exim and OpenSMTPD, which Debian lets nobody install beside it,
# HAProxy, nats-server and radosgw (S3) are unpacked under /opt/cartero-peers.
# Does nothing where all is there. Needs root. usage: tools/interop/install-peers.sh
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
peers=/opt/cartero-peers

command -v apt-get >/dev/null || { echo 'no apt-get here: the interoperability tests will be skipped'; exit 0; }

wanted=(postfix bind9 bind9-dnsutils dovecot-core dovecot-lmtpd msmtp swaks libnet-ssleay-perl curl openssl python3 isync fetchmail)
libraries=(libdb5.3 libevent-2.1-7 libgnutls-dane0 libidn12 libldap-2.5-0 liblua5.3-0 libmariadb3 libnsl2 libopentracing-c-wrapper0 libperl5.36 libpq5 libsasl2-2 libspf2-2 libsqlite3-0)

missing=()
for package in "${wanted[@]}" "${libraries[@]}"; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if ((${#missing[@]} > 0)); then
  # Packages must not start services of their own.
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  echo "installing: ${missing[*]}"
  apt-get -qq update || echo 'apt-get update failed; trying with the lists there are'
  echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
  apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
fi

unpack() {
  local package=$1
  [[ -e $peers/$package/usr ]] && return
  echo "unpacking: $package"
  local folder
  folder=$(mktemp -d)
  chmod 777 "$folder"
  (cd "$folder" && apt-get -qq download "$package")
  mkdir -p "$peers/$package"
  dpkg -x "$folder"/*.deb "$peers/$package"
  rm -rf "$folder"
}
unpack exim4-daemon-heavy
unpack opensmtpd
unpack haproxy

# What the stable release does not have is taken from unstable, by lists of its own, so that nothing that is installed changes.
# usage: in_unstable <folder for it> <command that fills the current folder by apt-get download>
in_unstable() (
  set -e
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  chmod 755 "$folder"
  mkdir -p "$folder"/{apt/apt.conf.d,apt/preferences.d,state/lists/partial,cache/archives/partial,packages,root}
  touch "$folder/status"
  echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian sid main' >"$folder/apt/sources.list"
  cat >"$folder/apt.conf" <<END
Dir::Etc "$folder/apt";
Dir::State "$folder/state";
Dir::State::status "$folder/status";
Dir::Cache "$folder/cache";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "20";
END
  export APT_CONFIG=$folder/apt.conf
  timeout 180 apt-get -qq update
  cd "$folder/packages"
  "$2"
  for package in *.deb; do dpkg -x "$package" "$folder/root"; done
  "$3" "$folder/root"
  rm -rf "${peers:?}/$1"
  mkdir -p "$peers/$1"
  cp -a "$folder/root/." "$peers/$1"
)

# Says what came of it, and never fails: tests that lack it say so. usage: from_unstable <folder> <program in it> <download> <finish>
from_unstable() {
  local folder=$1 program=$2
  [[ -x $peers/$folder/$program ]] && return
  # A subshell of its own: within a condition, the first failure would not end it.
  set +e
  (in_unstable "$folder" "$3" "$4") >/dev/null 2>&1
  local failed=$?
  set -e
  if ((failed == 0)); then echo "unpacked: $folder"; else echo "no $folder could be had: its tests will be skipped"; fi
}

# Exim speaks ATRN from 4.99 on; it comes with the libraries it was built for.
download_exim() {
  # Of all that it depends on, the libraries.
  local only=(--recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances)
  mapfile -t names < <(apt-cache depends "${only[@]}" exim4-daemon-light |
    grep -E '^(lib(c6|crypt1|db|event-|ffi|gcc-s1|gmp|gnutls|hogweed|idn|nettle|nghttp2-|p11-kit|pcre2-8|sqlite3|ssl3|tasn1|unbound|unistring|zstd)|zlib1g)' | sort -u)
  timeout 180 apt-get -qq download exim4-daemon-light "${names[@]}"
}
finish_exim() {
  cat >"$1/exim" <<'END'
#!/bin/sh
# Exim with the libraries it was built for; it runs itself again by this name.
root=$(dirname "$0")/usr
libraries=$(echo "$root"/lib/*-linux-gnu*)
exec "$libraries"/ld-linux-*.so.* --library-path "$libraries" "$root/sbin/exim4" "$@"
END
  chmod 755 "$1/exim"
  "$1/exim" -C /dev/null -bV 2>/dev/null | grep '^Exim version'
}
from_unstable exim-atrn exim download_exim finish_exim

# A broker that syncs what it acknowledges; it needs no library.
download_nats() { timeout 180 apt-get -qq download nats-server; }
finish_nats() { "$1/usr/sbin/nats-server" --version; }
from_unstable nats-server usr/sbin/nats-server download_nats finish_nats
# Ceph's S3 gateway, which can keep its objects in SQLite, with the libraries it was built for. Names that no package has are left out.
download_radosgw() {
  local only=(--recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances)
  mapfile -t wanted < <(apt-cache depends "${only[@]}" radosgw | grep -E '^(lib|zlib1g)' | grep -Ev '^lib(python|perl)' | sort -u)
  mapfile -t names < <(apt-cache show --no-all-versions "${wanted[@]}" 2>/dev/null | sed -n 's/^Package: //p' | sort -u)
  timeout 300 apt-get -qq download radosgw ceph-common "${names[@]}"
}
finish_radosgw() {
  local libraries
  libraries=$(echo "$1"/usr/lib/*-linux-gnu)
  "$libraries"/ld-linux-*.so.* --library-path "$libraries:$libraries/ceph" "$1/usr/bin/radosgw" --version
}
from_unstable radosgw usr/bin/radosgw download_radosgw finish_radosgw

# The users whose names are compiled in.
for user in Debian-exim opensmtpd opensmtpq; do
  id "$user" >/dev/null 2>&1 || useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
done
# Folders whose names are compiled in.
install -d -m 711 /var/spool/smtpd
install -d -m 755 /var/lib/opensmtpd /var/lib/opensmtpd/empty /usr/libexec
[[ -e /usr/libexec/opensmtpd ]] || ln -s "$peers/opensmtpd/usr/libexec/opensmtpd" /usr/libexec/opensmtpd
