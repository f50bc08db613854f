#!/usr/bin/env bats
# Backups from the command line, against a real daemon.

load cli_setup

@test "a backup is made, verified and practised with while the vault serves" {
  coffer kv put secret/backup/a k=v
  split coffer operator backup "$BATS_TEST_TMPDIR/b.cfbk"
  expect 0 "vault *created *rows *digest *" ""
  [ "$(stat -c %a "$BATS_TEST_TMPDIR/b.cfbk")" = 600 ]
  [ "$(head -c 4 "$BATS_TEST_TMPDIR/b.cfbk")" = CFBK ]
  split coffer operator backup "$BATS_TEST_TMPDIR/b.cfbk"
  expect 1 "" "*File exists*"
  split coffer operator backup verify "-signer=$vault/signer.pem" "$BATS_TEST_TMPDIR/b.cfbk"
  expect 0 "vault *" ""
  coffer operator backup - >"$BATS_TEST_TMPDIR/c.cfbk"
  [ "$(coffer operator backup verify -field=vault "$BATS_TEST_TMPDIR/c.cfbk" 2>/dev/null)" = \
    "$(coffer operator backup verify -field=vault "$BATS_TEST_TMPDIR/b.cfbk" 2>/dev/null)" ]
  split coffer operator backup drill "-dir=$vault" "$BATS_TEST_TMPDIR/b.cfbk"
  expect 0 "*opened * rows and * secrets" "*"
  split coffer operator backup restore "-dir=$vault" "$BATS_TEST_TMPDIR/b.cfbk"
  expect 1 "" "*locked*"
  truncate -s -1 "$BATS_TEST_TMPDIR/b.cfbk"
  split coffer operator backup verify "$BATS_TEST_TMPDIR/b.cfbk"
  expect 2 "" "*ends too early*"
}

@test "a backup stays with the daemon, is listed and removed" {
  local name
  name=$(coffer operator backup -field=name)
  [[ "$(coffer list sys/backup)" == *"$name"* ]]
  [[ "$(coffer list -detailed sys/backup | head -1)" == "Keys "*" bytes "*" created "* ]]
  coffer delete "sys/backup/$name"
  split coffer list sys/backup
  expect 2 "*" "*No value found*"
  split coffer operator backup release
  expect 2 "" "*restored from a backup*"
}
