#!/usr/bin/env bash
# The mail servers and clients that the interoperability tests talk to, from Debian's packages; none of them is started.
# Postfix and Dovecot are installed. Exim and OpenSMTPD, which Debian lets nobody install beside it,
# and HAProxy are unpacked under /opt/cartero-peers.
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

# Exim speaks ATRN from 4.99 on, which the stable release does not have: taken from unstable with the libraries it was built for, by lists
# of its own, so that nothing that is installed changes.
unpack_exim_atrn() (
  set -e
  to=$peers/exim-atrn
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  chmod 755 "$folder"
  mkdir -p "$folder"/{apt,state/lists/partial,cache/archives/partial,packages,root}
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
  # Of all that it depends on, the libraries.
  only=(--recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances)
  mapfile -t names < <(apt-cache depends "${only[@]}" exim4-daemon-light |
    grep -E '^(lib(c6|crypt1|db|event-|ffi|gcc-s1|gmp|gnutls|hogweed|idn|nettle|nghttp2-|p11-kit|pcre2-8|sqlite3|ssl3|tasn1|unbound|unistring|zstd)|zlib1g)' | sort -u)
  cd "$folder/packages"
  timeout 180 apt-get -qq download exim4-daemon-light "${names[@]}"
  for package in *.deb; do dpkg -x "$package" "$folder/root"; done
  cat >"$folder/root/exim" <<'END'
#!/bin/sh
# Exim with the libraries it was built for; it runs itself again by this name.
root=$(dirname "$0")/usr
libraries=$(echo "$root"/lib/*-linux-gnu*)
exec "$libraries"/ld-linux-*.so.* --library-path "$libraries" "$root/sbin/exim4" "$@"
END
  chmod 755 "$folder/root" "$folder/root/exim"
  "$folder/root/exim" -C /dev/null -bV 2>/dev/null | grep '^Exim version'
  rm -rf "$to"
  mkdir -p "$to"
  cp -a "$folder/root/exim" "$folder/root/usr" "$to"
)
if [[ ! -x $peers/exim-atrn/exim ]]; then
  # A subshell of its own: within a condition, the first failure would not end it.
  set +e
  (unpack_exim_atrn) >/dev/null 2>&1
  failed=$?
  set -e
  if ((failed == 0)); then echo 'unpacked: exim-atrn'; else echo 'no Exim with ATRN could be had: its tests will be skipped'; fi
fi

# The users whose names are compiled in.
for user in Debian-exim opensmtpd opensmtpq; do
  id "$user" >/dev/null 2>&1 || useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
done
# Folders whose names are compiled in.
install -d -m 711 /var/spool/smtpd
install -d -m 755 /var/lib/opensmtpd /var/lib/opensmtpd/empty /usr/libexec
[[ -e /usr/libexec/opensmtpd ]] || ln -s "$peers/opensmtpd/usr/libexec/opensmtpd" /usr/libexec/opensmtpd
