#!/usr/bin/env bash
# Installs the programs that the end-to-end tests drive, from Debian's packages, where they are missing.
set -euo pipefail
want=()
need() { command -v "$1" >/dev/null 2>&1 || want+=("$2"); }
# The race detector links with C.
need gcc gcc
[ -e /usr/include/stdlib.h ] || want+=(libc6-dev)
need sipp sip-tester
need baresip baresip
need linphonec linphone-cli
need sipsak sipsak
need tshark tshark
need svmap sipvicious
need kamailio kamailio
# Network namespaces, for wires that lose and for NATs.
need ip iproute2
# What packets are marked with, as they leave.
need nft nftables
[ -n "$(compgen -G '/usr/lib/*/kamailio/modules/tls.so')" ] || want+=(kamailio-tls-modules)
# Programs that calls run: AGI in several languages.
need perl perl
need python3 python3
need node nodejs
[ -n "$(compgen -G '/usr/share/perl5/Asterisk/AGI.pm')" ] || want+=(libasterisk-agi-perl)
[ -n "$(compgen -G '/usr/lib/postgresql/*/bin/initdb')" ] || want+=(postgresql)
need npm npm
need curl curl
need openssl openssl
need nats-server nats-server
# What offices watch their logs with.
need fail2ban-regex fail2ban
# Libraries of the field for AMI and AGI: Debian's, and those of npm.
[ -e /usr/lib/python3/dist-packages/panoramisk ] || want+=(python3-panoramisk)
[ -e /usr/lib/ruby/vendor_ruby/ruby_ami.rb ] || want+=(ruby-ami)
[ -e /usr/share/perl5/Telephony/Asterisk/AMI.pm ] || want+=(libtelephony-asterisk-ami-perl)
library() {
  local dir=${HOME:-/root}/.cache/pbx-e2e name missing=
  local all=(asterisk-manager@0.2.0 asterisk-ami-client@1.1.5 yana@0.3.0 ding-dong@0.1.7 nami@0.7.2 ami-io@1.2.1 asterisk-ami@0.1.0)
  for name in "${all[@]}"; do
    [ -e "$dir/node_modules/${name%@*}" ] || missing=yes
  done
  # Together, as npm takes away what it was not asked for.
  [ -z "$missing" ] || { mkdir -p "$dir" && npm install --prefix "$dir" --silent --no-audit --no-fund "${all[@]}"; }
}
[ ${#want[@]} -eq 0 ] && { library; exit 0; }
echo "installing: ${want[*]}"
sudo=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "these packages are missing and neither root nor sudo is at hand: ${want[*]}" >&2; exit 1; }
  sudo=sudo
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo apt-get install -y -qq --no-install-recommends "${want[@]}" >/dev/null
# Debian starts what it installs; the tests start their own.
if [[ " ${want[*]} " == *" kamailio "* ]] && command -v systemctl >/dev/null && systemctl is-active -q kamailio; then
  $sudo systemctl disable -q --now kamailio
fi
if [[ " ${want[*]} " == *" nats-server "* ]] && command -v systemctl >/dev/null && systemctl is-active -q nats-server; then
  $sudo systemctl disable -q --now nats-server
fi
if [[ " ${want[*]} " == *" postgresql "* ]] && command -v systemctl >/dev/null && systemctl is-active -q postgresql; then
  $sudo systemctl disable -q --now postgresql
fi
if [[ " ${want[*]} " == *" fail2ban "* ]] && command -v systemctl >/dev/null && systemctl is-active -q fail2ban; then
  $sudo systemctl disable -q --now fail2ban
fi
library
