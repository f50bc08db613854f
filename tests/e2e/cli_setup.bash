#!/usr/bin/env bash
# For the *.bats here: a development vault for each file, its root token in $HOME/.vault-token, and
# the programs of COFFER_BIN_DIR, or build/release/bin, in the PATH.

setup_file() {
  root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  bin=$(realpath "${COFFER_BIN_DIR:-$root/build/release/bin}")
  [ -x "$bin/coffer" ] && [ -x "$bin/cofferd" ]
  # Short: a socket's path may have 107 bytes at most.
  vault=$(mktemp -d /tmp/coffer-cli-XXXXXX)
  "$bin/cofferd" dev --dir "$vault" >"$vault.log" 2>&1 3>&- &
  daemon=$!
  export root bin vault daemon PATH="$bin:$PATH" HOME="$vault/home"
  # Nothing of the caller's own settings.
  for name in $(compgen -e | grep -E '^(COFFER|BAO|VAULT)_' | grep -v '^COFFER_BIN_DIR$'); do
    unset "$name"
  done
  export COFFER_ADDR="unix://$vault/coffer.sock"
  mkdir "$HOME"
  local waited
  for ((waited = 0; waited < 300; waited++)); do
    [ "$(curl -s -o "$vault.health" -w '%{http_code}' --unix-socket "$vault/coffer.sock" \
      http://localhost/v1/sys/health)" = 200 ] && break
    kill -0 "$daemon" || break
    sleep 0.1
  done
  cp "$vault/root-token" "$HOME/.vault-token"
  chmod 600 "$HOME/.vault-token"
  coffer status
}

teardown_file() {
  kill -TERM "$daemon"
  wait "$daemon"
  rm -rf "$vault" "$vault.log" "$vault.health"
}

# Runs its arguments and keeps standard output, standard error and exit code apart.
split() {
  code=0
  "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || code=$?
  out=$(<"$BATS_TEST_TMPDIR/out")
  err=$(<"$BATS_TEST_TMPDIR/err")
}

expect() { # CODE OUT-PATTERN ERR-PATTERN
  # shellcheck disable=SC2053  # patterns are meant to be patterns
  if [ "$code" != "$1" ] || [[ $out != $2 ]] || [[ $err != $3 ]]; then
    printf 'code %s, want %s\nout:\n%s\nerr:\n%s\n' "$code" "$1" "$out" "$err"
    return 1
  fi
}
