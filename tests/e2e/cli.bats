#!/usr/bin/env bats
# The command line against a real daemon. The programs are those in COFFER_BIN_DIR, or
# build/release/bin.

load cli_setup

@test "status of an open vault is 0" {
  split coffer status
  expect 0 "Key *Value*Sealed *false*" ""
  split coffer status -format=json
  [ "$(jq .sealed <<<"$out")" = false ]
}

@test "a secret goes in and comes out" {
  split coffer kv put secret/round/trip user=app note='two words'
  expect 0 "*== Secret Path ==*secret/data/round/trip*version *1" ""
  split coffer kv get secret/round/trip
  expect 0 "*== Secret Path ==*== Metadata ==*== Data ==*note *two words*user *app" ""
  split coffer kv get -mount=secret -field=note round/trip
  expect 0 "two words" ""
  [ "$(coffer kv get -format=json secret/round/trip | jq -r .data.data.user)" = app ]
}

@test "a file comes back byte for byte" {
  openssl rand -base64 3000 >"$BATS_TEST_TMPDIR/key"
  coffer kv put secret/file key=@"$BATS_TEST_TMPDIR/key"
  coffer kv get -field=key secret/file >"$BATS_TEST_TMPDIR/back"
  cmp "$BATS_TEST_TMPDIR/key" "$BATS_TEST_TMPDIR/back"
}

@test "values come from standard input, one or all" {
  printf 'piped' | coffer kv put secret/piped password=-
  [ "$(coffer kv get -field=password secret/piped)" = piped ]
  printf '{"n": 12345678901234567890, "list": [1, 2]}' | coffer kv put secret/json -
  [ "$(coffer kv get -field=list secret/json)" = "[1,2]" ]
  [ "$(coffer kv get -field=n secret/json)" = 12345678901234567890 ]
}

@test "a password is asked for without echo" {
  # script(1) gives it a terminal, and keeps what the terminal shows.
  local seen="$BATS_TEST_TMPDIR/seen"
  {
    local waited
    for ((waited = 0; waited < 100; waited++)); do
      grep -q 'password: ' "$seen" && break
      sleep 0.1
    done
    printf 'typed-secret\n'
    sleep 1
  } | script -qefc "coffer kv put secret/asked 'password=?'" "$seen"
  grep -q 'password: ' "$seen"
  ! grep -q 'typed-secret' "$seen" || false
  [ "$(coffer kv get -field=password secret/asked)" = typed-secret ]
}

@test "a password on the command line is warned of" {
  split coffer kv put secret/argv password=hunter2
  expect 0 "*version*" "Warning: the value of \"password\"*"
  [[ $err != *hunter2* ]]
}

@test "check-and-set keeps the second writer out" {
  coffer kv put -cas=0 secret/cas a=1
  split coffer kv put -cas=0 secret/cas a=2
  expect 2 "" "Error writing data to secret/data/cas: 400*check-and-set*"
  [ "$(coffer kv get -field=a secret/cas)" = 1 ]
  coffer kv put -cas=1 secret/cas a=3
  [ "$(coffer kv get -field=a -version=1 secret/cas)" = 1 ]
  [ "$(coffer kv get -field=a secret/cas)" = 3 ]
}

@test "lists are a column or a bare array" {
  coffer kv put secret/listed/b/c a=1
  coffer kv put secret/listed/a a=1
  split coffer kv list secret/listed
  expect 0 $'Keys\n----\na\nb/' ""
  [ "$(coffer kv list -format=json secret/listed | jq -c .)" = '["a","b/"]' ]
  [ "$(coffer list -format=json secret/metadata/listed | jq -c .)" = '["a","b/"]' ]
  split coffer kv list secret/listed/nothing
  expect 2 "" "No value found at secret/metadata/listed/nothing"
  split coffer kv list -format=json secret/listed/nothing
  expect 2 "{}" ""
}

@test "a deleted secret is gone, its metadata aren't" {
  coffer kv put secret/deleted a=1
  split coffer kv delete secret/deleted
  expect 0 "Success! Data deleted (if it existed) at: secret/data/deleted" ""
  split coffer kv get secret/deleted
  expect 2 "*== Metadata ==*deletion_time *20*" "*"
  [[ $out != *"== Data =="* ]]
  split coffer kv get -field=a secret/deleted
  expect 2 "" "No data found at secret/data/deleted"
}

@test "what was never there is not found" {
  split coffer kv get secret/never
  expect 2 "" "No value found at secret/data/never"
  split coffer kv get -field=x secret/round/trip
  expect 1 "" 'Field "x" not present in secret'
}

@test "the generic commands reach the same secrets" {
  printf '{"data": {"k": "v"}}' | coffer write secret/data/generic -
  [ "$(coffer read -format=json secret/data/generic | jq -r .data.data.k)" = v ]
  split coffer delete secret/data/generic
  expect 0 "Success! Data deleted (if it existed) at: secret/data/generic" ""
}

@test "a wrong token is refused, and the token isn't shown" {
  COFFER_TOKEN=hvs.wrong split coffer kv get secret/round/trip
  expect 2 "" "Error *: 403 *permission denied*the token came from COFFER_TOKEN*"
  [[ $err != *hvs.wrong* ]]
}

@test "print token prints what is sent" {
  [ "$(coffer print token)" = "$(<"$vault/root-token")" ]
}

@test "the curl command that is shown works" {
  coffer kv put secret/curl k=v
  split coffer kv get -output-curl-string secret/curl
  expect 0 "curl --unix-socket *print token*" ""
  [[ $out != *"$(<"$vault/root-token")"* ]]
  [ "$(bash -c "$out -s" | jq -r .data.data.k)" = v ]
}

@test "without a daemon there is a hint, and it is 2" {
  COFFER_ADDR="unix://$vault/nobody.sock" split coffer kv get secret/x
  expect 2 "" "*No such file or directory*is cofferd running?*"
  COFFER_ADDR="unix://$vault/nobody.sock" split coffer status
  expect 1 "" "*is cofferd running?*"
}

@test "a wrong command is 127, a wrong flag 1" {
  split coffer kv gett x
  expect 127 "" "Unknown command: kv gett*"
  split coffer kv get -nope secret/x
  expect 1 "" "flag provided but not defined: -nope*"
}

@test "output that can't be written is an error" {
  split bash -c 'coffer kv get secret/round/trip >/dev/full'
  expect 1 "" "Error: cannot write to standard output"
}

@test "no core file can come of it" {
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  coffer kv put secret/waiting k=- <"$BATS_TEST_TMPDIR/fifo" 3>&- &
  local pid=$!
  exec 4>"$BATS_TEST_TMPDIR/fifo" # it runs now, and waits for its input
  sleep 0.5
  grep -q '^Max core file size  *0  *0 ' "/proc/$pid/limits"
  exec 4>&-
  wait "$pid"
}
