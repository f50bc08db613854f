#!/usr/bin/env bats
# Versions, patches and settings of secrets, and completion, against a real daemon.

load cli_setup

data() { coffer kv get -format=json "$@" | jq -cS .data.data; }

@test "deleted versions come back, destroyed ones don't" {
  for n in 1 2 3; do coffer kv put secret/versions n=$n; done
  split coffer kv delete -versions=1,3 secret/versions
  expect 0 "Success! Data deleted (if it existed) at: secret/data/versions" ""
  split coffer kv get -field=n secret/versions
  expect 2 "" "No data found at secret/data/versions"
  split coffer kv undelete -versions=3 secret/versions
  expect 0 "Success! Data written to: secret/undelete/versions" ""
  [ "$(coffer kv get -field=n secret/versions)" = 3 ]
  split coffer kv destroy -mount=secret -versions=3 versions
  expect 0 "Success! Data written to: secret/destroy/versions" ""
  coffer kv undelete -versions=3 secret/versions
  split coffer kv get secret/versions
  expect 2 "*destroyed *true*" ""
}

@test "a patch keeps what it doesn't name" {
  printf '{"keep": 1.5, "deep": {"x": 1, "y": 2}, "old": true}' | coffer kv put secret/patched -
  split coffer kv patch -remove-data=old secret/patched new=n
  expect 0 "*== Secret Path ==*version *2" ""
  [ "$(data secret/patched)" = '{"deep":{"x":1,"y":2},"keep":1.5,"new":"n"}' ]
  printf '{"deep": {"y": null}}' | coffer kv patch -method=rw secret/patched -
  [ "$(data secret/patched)" = '{"deep":{"x":1},"keep":1.5,"new":"n"}' ]
  printf '{"deep": {"x": null}}' | coffer kv patch -method=patch secret/patched -
  [ "$(data secret/patched)" = '{"deep":{},"keep":1.5,"new":"n"}' ]
  split coffer kv patch -cas=1 secret/patched a=b
  expect 2 "" "*check-and-set*"
  split coffer kv patch secret/never-patched a=b
  expect 2 "" "No value found at secret/data/never-patched"
}

@test "the generic patch is a merge patch too" {
  coffer kv put secret/generic-patch a=1
  coffer kv metadata put -custom-metadata=owner=web secret/generic-patch
  split coffer patch secret/metadata/generic-patch max_versions=4
  expect 0 "Success! Data written to: secret/metadata/generic-patch" ""
  split coffer read -format=json secret/metadata/generic-patch
  [ "$(jq -c '[.data.max_versions, .data.custom_metadata.owner]' <<<"$out")" = '[4,"web"]' ]
}

@test "an old version becomes the newest" {
  coffer kv put secret/rolled n=1
  coffer kv put secret/rolled n=2
  coffer kv delete secret/rolled
  split coffer kv rollback -version=1 secret/rolled
  expect 0 "*version *3" ""
  [ "$(coffer kv get -field=n secret/rolled)" = 1 ]
  split coffer kv rollback -version=9 secret/rolled
  expect 2 "" "No data found at secret/data/rolled in version 9"
}

@test "settings of a secret hold" {
  coffer kv put secret/set a=1
  coffer kv metadata put -max-versions=2 -cas-required -delete-version-after=30d \
    -custom-metadata=owner=web -custom-metadata=why=test secret/set
  split coffer kv put secret/set a=2
  expect 2 "" "*check-and-set parameter required*"
  coffer kv put -cas=1 secret/set a=2
  coffer kv metadata patch -custom-metadata=owner=db -remove-custom-metadata=why secret/set
  split coffer kv metadata get secret/set
  expect 0 "== Metadata Path ==*cas_required *true*== Version 1 ==*== Version 2 ==*" ""
  [ "$(coffer kv metadata get -field=custom_metadata secret/set)" = '{"owner":"db"}' ]
  split coffer kv metadata delete secret/set
  expect 0 "Success! Data deleted (if it existed) at: secret/metadata/set" ""
  split coffer kv metadata get secret/set
  expect 2 "" "No value found at secret/metadata/set"
}

@test "a scan goes to every depth" {
  coffer kv put secret/scanned/a x=1
  coffer kv put secret/scanned/b/c/d x=1
  [ "$(coffer kv scan -format=json secret/scanned | jq -c .)" = '["a","b/c/d"]' ]
}

complete_at() { COMP_LINE=$1 COMP_POINT=${#1} coffer coffer "${1##* }"; }

@test "completion asks the server, and is silent without one" {
  coffer kv put secret/completed/app-one x=1
  coffer kv put secret/completed/app-two/x x=1
  split complete_at 'coffer kv get secret/completed/app-'
  expect 0 $'secret/completed/app-one \nsecret/completed/app-two/' ""
  split complete_at 'coffer read secret/data/completed/app-o'
  expect 0 'secret/data/completed/app-one ' ""
  split complete_at 'coffer kv meta'
  expect 0 'metadata ' ""
  COFFER_ADDR="unix://$vault/nobody.sock" split complete_at 'coffer kv get secret/'
  expect 0 "" ""
}

# Waits until FILE has PATTERN, ten seconds at most.
appears() { # FILE PATTERN
  local waited
  for ((waited = 0; waited < 100; waited++)); do
    grep -q "$2" "$1" && return
    sleep 0.1
  done
}

@test "the installed completion works in a shell" {
  local seen="$BATS_TEST_TMPDIR/seen"
  coffer kv put secret/in-a-shell x=1
  echo "PS1='ready> '" >"$HOME/.bashrc"
  coffer -autocomplete-install
  # Programmable completion needs a terminal: script(1) gives one, and Tab is typed.
  {
    appears "$seen" 'ready> '
    printf 'coffer kv get -field=x secret/in-a-sh\t'
    appears "$seen" 'secret/in-a-shell'
    printf '\nexit\n'
  } | script -qefc "bash --rcfile '$HOME/.bashrc' -i" "$seen"
  grep -q 'secret/in-a-shell' "$seen"
  coffer -autocomplete-uninstall
  [ "$(<"$HOME/.bashrc")" = "PS1='ready> '" ]
}
