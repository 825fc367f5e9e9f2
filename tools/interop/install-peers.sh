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

# The users whose names are compiled in.
for user in Debian-exim opensmtpd opensmtpq; do
  id "$user" >/dev/null 2>&1 || useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
done
# Folders whose names are compiled in.
install -d -m 711 /var/spool/smtpd
install -d -m 755 /var/lib/opensmtpd /var/lib/opensmtpd/empty /usr/libexec
[[ -e /usr/libexec/opensmtpd ]] || ln -s "$peers/opensmtpd/usr/libexec/opensmtpd" /usr/libexec/opensmtpd
