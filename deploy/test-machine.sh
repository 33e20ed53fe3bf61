#!/usr/bin/env bash
# What the whole test suite needs beside Python: Java >= 17, Maven and git. Installs them where it can, says what to do
# where it cannot. Run as often as you like.
set -euo pipefail

needed=()
java_version() { java -version 2>&1 | sed -nE 's/.*version "([0-9]+).*/\1/p' | head -n 1; }
[ "$(java_version || true)" ] && [ "$(java_version)" -ge 17 ] || needed+=(default-jre-headless)
command -v mvn >/dev/null || needed+=(maven)
command -v git >/dev/null || needed+=(git)

if [ ${#needed[@]} -gt 0 ]; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "installing ${needed[*]} (for Apache Kafka in the tests)"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${needed[@]}"
  else
    echo "The tests run Apache Kafka from its jars, and for that they need: ${needed[*]}." >&2
    echo "Install them (Debian: sudo apt-get install ${needed[*]}), or set ADOPTION_TEST_KAFKA=container where Docker runs." >&2
    exit 1
  fi
fi
