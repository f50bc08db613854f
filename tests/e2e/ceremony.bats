#!/usr/bin/env bats
# Each act of a ceremony from its plan, without people; and the scripts around it.

setup_file() {
  root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  bin=$(realpath "${COFFER_BIN_DIR:-$root/build/release/bin}")
  work=$(mktemp -d /tmp/coffer-ceremony-XXXXXX)
  export root bin work PATH="$bin:$PATH" SOFTHSM2_CONF="$work/softhsm2.conf"
  cd "$work" || return 1
  mkdir -m 700 objects pins rehearsed
  printf 'directories.tokendir = %s/objects\nlog.level = ERROR\n' "$work" >softhsm2.conf
  local person
  for person in sofia:security-officer uwe:user wilma:witness; do
    coffer-ceremony person -name="${person%:*}" -role="${person#*:}" -out="${person%:*}.key" \
      >"${person%:*}.json"
  done
  jq -s add sofia.json uwe.json wilma.json >people.json
  answers answers pins
  answers rehearsal-answers rehearsed
}

teardown_file() { rm -rf "$work"; }

setup() { cd "$work" || return 1; }

answers() { # NAME DIRECTORY [SERIAL]
  jq -n --arg pins "$work/$2" --arg serial "${3:-}" '{secrets: $pins, answers: {"confirm.1": "sofia",
    "confirm.2": "uwe", exception: "a test", serial: $serial}}' >"$1.json"
}

# A plan of these acts; more members as JSON.
plan() { # NAME PROFILE SERIAL ACTS [MEMBERS]
  jq -n --slurpfile people people.json --arg profile "$2" --arg serial "$3" --argjson acts "$4" \
    --argjson more "${5:-{\}}" '{format: 1, purpose: "a test", acts: $acts,
      vault: "0a1b2c3d-0000-4000-8000-00000000c0de", people: $people[0],
      token: ({module: "/usr/lib/softhsm/libsofthsm2.so", label: "bats", profile: $profile} +
              if $serial == "" then {} else {serial: $serial} end)} + $more' >"$1.json"
}

keys() { # PROFILE
  jq -n --argjson keys "$(coffer-ceremony plan template -profile="$1")" '{keys: $keys}'
}

# Rehearses, holds, signs and verifies the ceremony of NAME.json.
hold() { # NAME
  [ -z "${2:-}" ] || answers answers pins "$2"
  coffer-ceremony rehearse -plan="$1.json" -out="$1.rehearsal" -answers=rehearsal-answers.json ||
    return 1
  coffer-ceremony run -plan="$1.json" -rehearsal="$1.rehearsal" -out="$1" -answers=answers.json ||
    return 1
  local name
  for name in sofia uwe wilma; do
    coffer-ceremony sign -name=$name -key=$name.key "$1" || return 1
  done
  coffer-ceremony verify-bundle "$1"
}

serial() { jq -r 'select(.type == "done" and .step == "initialise").facts.serial' first/transcript; }

@test "a token is initialised and the vault's keys are made" {
  plan first softhsm "" '["initialise", "generate"]' "$(keys softhsm)"
  hold first
  grep -q BEGIN first/sign.pem
}

@test "keys are made on a token that has its PINs" {
  plan later softhsm "$(serial)" '["generate"]' \
    "$(keys softhsm | jq '. + {vault: "0a1b2c3d-0000-4000-8000-000000000002"}')"
  hold later
}

@test "a further token is enrolled" {
  mkdir second && sed "s,/objects,/second," softhsm2.conf >second.conf
  plan further generic-oaep-sha1 "" '["initialise", "enrol"]' "$(keys generic-oaep-sha1)"
  mkdir -m 700 other && answers answers other
  SOFTHSM2_CONF=$work/second.conf hold further
  answers answers pins
  [ "$(jq -r .algorithm further/enrolment.json)" = rsa-oaep-sha1 ]
}

@test "programs of rotate, retire, restore drill and accept restore leave their output" {
  local act acts='["rotate", "retire", "restore-drill", "accept-restore"]'
  plan programs softhsm "$(serial)" "$acts" '{"programs": {"rotate": ["/bin/echo", "rotated"],
    "retire": ["/bin/echo", "retired"], "restore-drill": ["/bin/echo", "drilled"],
    "accept-restore": ["/bin/echo", "accepted"]}}'
  hold programs
  for act in rotate retire restore-drill accept-restore; do
    grep -q "\"output-sha256\":\"$(sha256sum "programs/$act.output" | cut -d' ' -f1)\"" \
      programs/transcript
  done
}

@test "a program that fails stops the ceremony" {
  plan failing softhsm "$(serial)" '["rotate"]' '{"programs": {"rotate": ["/bin/false"]}}'
  run hold failing
  [ "$status" -eq 1 ]
  [[ $output == *"ended with exit status 1"* ]]
  [ ! -e failing/report ]
}

@test "PINs are changed, and the keys are destroyed with the new ones" {
  plan change softhsm "$(serial)" '["change-pins"]'
  hold change
  local pin
  for pin in so-pin user-pin; do mv -f "pins/new-$pin" "pins/$pin"; done
  plan gone softhsm "$(serial)" '["decommission"]'
  answers rehearsal-answers rehearsed "$(serial)"
  hold gone "$(serial)"
  grep -q '"destroyed-kek"' gone/transcript
}

@test "no PIN stands in what a ceremony leaves behind" {
  local file
  for file in pins/* other/*; do
    run grep -rqF "$(cat "$file")" first later further programs change
    [ "$status" -eq 1 ]
  done
}

@test "the script is printed, with every step and every form" {
  coffer-ceremony render first.json >script.md
  "$root/scripts/ceremony/pdf" script.md script.pdf
  pdftotext -layout script.pdf script.txt
  local words
  for words in "The token is initialised" "CKA_EXTRACTABLE" "Exceptions" "form: sofia" "form: uwe" \
    "SO PIN" "Label"; do
    grep -qF "$words" script.md
    grep -qF "$words" script.txt
  done
  run grep -F "form: wilma" script.md
  [ "$status" -eq 1 ]
}

@test "what can't be printed as it stands is refused by its line" {
  jq '.purpose = "日本語 ключ ü €"' first.json >foreign.json
  coffer-ceremony render foreign.json >foreign.md
  run "$root/scripts/ceremony/pdf" foreign.md foreign.pdf
  [ "$status" -eq 1 ]
  [[ $output == *"foreign.md: line 1 has characters that can't be printed here: U+043A"*"and more" ]]
  [ ! -e foreign.pdf ]
  jq '.purpose = "Schlüssel für α – 5 €, ≠ others"' first.json >western.json
  coffer-ceremony render western.json >western.md
  "$root/scripts/ceremony/pdf" western.md western.pdf
  pdftotext -layout western.pdf - | grep -qF "Schlüssel für α – 5 €, ≠ others"
  # What Unicode has for a line's end is none of the script's.
  printf '# a\xe2\x80\xa8---\n' >lines.md
  run "$root/scripts/ceremony/pdf" lines.md lines.pdf
  [ "$status" -eq 1 ]
  [[ $output == *"line 1 has characters that can't be printed here: U+2028" ]]
  echo 0102 >share
  run "$root/scripts/ceremony/paper-share" -label=日本 share label.pdf
  [ "$status" -eq 1 ]
  [[ $output == "paper-share: -label has characters"*"U+65E5, U+672C" ]]
  [ ! -e label.pdf ]
}

@test "a share's QR code is read as the share" {
  local share=0102030405060708090a0b0c0d0e0f0102030405060708090a0b0c0d0e0f
  echo "$share" >share && "$root/scripts/ceremony/paper-share" -label=one share share.pdf
  [ "$(stat -c %a share.pdf)" = 400 ]
  pdftoppm -r 150 -png share.pdf share
  [ "$(zbarimg -q --raw share-1.png)" = "$share" ]
  # What others made, and may read, doesn't get a share.
  install -m 0644 /dev/null theirs.pdf && ln -s theirs.pdf link.pdf
  for paper in theirs.pdf link.pdf share.pdf; do
    run "$root/scripts/ceremony/paper-share" share "$paper"
    [ "$status" -eq 1 ]
    [ "$output" = "paper-share: cannot make $paper: File exists" ]
  done
  [ ! -s theirs.pdf ]
  echo "no share" >share
  run "$root/scripts/ceremony/paper-share" share other.pdf
  [ "$status" -eq 1 ]
}

@test "the menu runs what is chosen" {
  mkdir -p stub && cat >stub/whiptail <<'STUB'
#!/usr/bin/env bash
# Answers as a person would: the first plan, then verify, then nothing.
echo "$*" >>whiptail.log
case $(wc -l <whiptail.log) in
  1) echo first.json >&2 ;;
  2) echo verify >&2 ;;
  *) exit 1 ;;
esac
STUB
  chmod +x stub/whiptail
  mkdir menu && cp first.json menu/ && cp -r first menu/first.ceremony
  PATH="$work/stub:$PATH" run "$root/scripts/ceremony/menu" menu <<<""
  [ "$status" -eq 0 ]
  [[ $output == *"result      good"* ]]
  run "$root/scripts/ceremony/menu"
  [ "$status" -eq 1 ]
}

@test "an option that there isn't is named without its value" {
  local act
  for act in run probe "plan check"; do
    # shellcheck disable=SC2086
    run coffer-ceremony $act -pins=hunter2
    [ "$status" -eq 1 ]
    grep -qF "bad option -pins" <<<"$output"
    [[ $output != *hunter2* ]]
  done
}
