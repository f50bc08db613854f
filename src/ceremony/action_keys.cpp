// The vault's keys on the token.
#include "actions.h"
#include "coffer/crypto/signer.h"
#include "coffer/envelope/anchor.h"
#include "enrolment.h"
#include "plan_rules.h"

namespace coffer::ceremony {
namespace {

struct Keys {
  pkcs11::KeyRef kek;
  pkcs11::KeyRef sign;
};

Keys keys_of(const Plan& plan) {
  return {envelope::kek_ref(plan.vault, plan.key_version),
          envelope::sign_ref(plan.vault, plan.sign_version)};
}

Result<Facts> describe(pkcs11::Token& token, const Plan& plan) {
  const Keys keys = keys_of(plan);
  COFFER_TRY(const pkcs11::TokenInfo info, token.info());
  COFFER_TRY(const pkcs11::KekInfo kek, token.describe_kek(keys.kek));
  COFFER_TRY(const Bytes sign, token.public_key(keys.sign));
  Facts facts{{"vault", to_string(plan.vault)},
              {"serial", info.serial},
              {"model", info.model},
              {"kek-id", to_hex(keys.kek.id)},
              {"kek-algorithm", kek.algorithm},
              {"sign-id", to_hex(keys.sign.id)},
              {"sign-public-key", to_base64(sign)}};
  if (!kek.public_key.empty()) facts.push_back({"kek-public-key", to_base64(kek.public_key)});
  return facts;
}

/// One that was there before anybody here could see it made may be known elsewhere, whatever its
/// attributes say.
Result<void> want_absent(pkcs11::Token& token, const std::string& name, const pkcs11::KeyRef& key) {
  Result<void> there = token.verify(role_of_key(name), key);
  if (!there.ok() && there.error().code == ErrorCode::not_found) return {};
  if (!there.ok() && there.error().code != ErrorCode::precondition) return there;
  return make_error(ErrorCode::conflict, "the token has a key under the id of the vault's " + name +
                                             " already, which this ceremony didn't make");
}

/// From this line on keys of these ids are ours: there were none.
Result<void> intend(Ceremony& ceremony, pkcs11::Token& token, const Keys& keys) {
  if (ceremony.journal.transcript().find("intent", "keys") != nullptr) return {};
  COFFER_CHECK(want_absent(token, "kek", keys.kek));
  COFFER_CHECK(want_absent(token, "sign", keys.sign));
  return ceremony.journal.append(
      "intent", "keys", {{"kek-id", to_hex(keys.kek.id)}, {"sign-id", to_hex(keys.sign.id)}});
}

/// As the daemon names them, so that `coffer operator init -adopt` takes them over. One that is
/// there behind the line "intent" is of a try that was cut short, and as good if it is what its
/// role asks; `found` says so.
Result<void> make_key(pkcs11::Token& token, const std::string& name, const PlannedKey& planned,
                      const pkcs11::KeyRef& key, Facts& found) {
  const pkcs11::KeyRole role = role_of_key(name);
  Result<void> made = token.generate(role, key, planned.label);
  if (made.ok()) return token.verify(role, key);
  if (made.error().code != ErrorCode::conflict) return made;
  found.push_back({name, std::string(kFound)});
  return token.verify(role, key);
}

/// What else is on the token, for people to decide on: an SSH CA's key, old versions, another's.
Result<std::string> what_is_left(pkcs11::Token& token) {
  COFFER_TRY(const pkcs11::ListedKeys left, token.list_keys());
  std::string all;
  for (const pkcs11::ListedKey& key : left.keys) {
    all.append(all.empty() ? "" : " ").append(to_hex(key.id));
  }
  if (left.more) all.append(" and more");
  return all.empty() ? std::string("none") : all;
}

Result<Facts> destroy_vaults_keys(Ceremony& ceremony) {
  COFFER_TRY(const auto token, open_planned(ceremony));
  COFFER_TRY(const pkcs11::TokenInfo info, token->info());
  const Keys keys = keys_of(ceremony.plan);
  for (const auto& [role, key] :
       {std::pair{pkcs11::KeyRole::kek, keys.kek}, std::pair{pkcs11::KeyRole::sign, keys.sign}}) {
    const Result<void> gone = token->destroy(role, key);
    // Of a try that was cut short. The token was opened a moment ago, so it isn't away.
    if (!gone.ok() && gone.error().code != ErrorCode::not_found) return gone.error();
  }
  COFFER_TRY(std::string left, what_is_left(*token));
  return Facts{{"serial", info.serial},
               {"destroyed-kek", to_hex(keys.kek.id)},
               {"destroyed-sign", to_hex(keys.sign.id)},
               {"keys-left", std::move(left)}};
}

}  // namespace

Result<std::unique_ptr<pkcs11::Token>> open_planned(Ceremony& ceremony) {
  COFFER_TRY(const SecureBytes* const pin, user_pin(ceremony));
  auto opened = pkcs11::open_token(ceremony.token, *pin);
  // Asked for again at the next try, not tried again by itself.
  if (!opened.ok()) ceremony.user_pin.clear();
  return opened;
}

Result<Facts> open_existing(Ceremony& ceremony) {
  COFFER_TRY(const auto token, open_planned(ceremony));
  const Keys keys = keys_of(ceremony.plan);
  COFFER_CHECK(token->verify(pkcs11::KeyRole::kek, keys.kek));
  COFFER_CHECK(token->verify(pkcs11::KeyRole::sign, keys.sign));
  return describe(*token, ceremony.plan);
}

Result<Facts> make_keys(Ceremony& ceremony) {
  COFFER_TRY(const auto token, open_planned(ceremony));
  const Keys keys = keys_of(ceremony.plan);
  COFFER_CHECK(intend(ceremony, *token, keys));
  Facts found;
  COFFER_CHECK(make_key(*token, "kek", ceremony.plan.keys.at("kek"), keys.kek, found));
  COFFER_CHECK(make_key(*token, "sign", ceremony.plan.keys.at("sign"), keys.sign, found));
  COFFER_TRY(Facts facts, describe(*token, ceremony.plan));
  COFFER_TRY(const Bytes sign, from_base64(fact(facts, "sign-public-key")));
  COFFER_CHECK(write_file(ceremony.path("sign.pem"), crypto::pem_from_spki(sign)));
  facts.insert(facts.end(), found.begin(), found.end());
  return facts;
}

Result<Facts> hold_against_plan(Ceremony& ceremony) {
  COFFER_TRY(const SecureBytes* const pin, user_pin(ceremony));
  const Keys keys = keys_of(ceremony.plan);
  const pkcs11::KeyToRead wanted[] = {{pkcs11::KeyRole::kek, keys.kek},
                                      {pkcs11::KeyRole::sign, keys.sign}};
  COFFER_TRY(const auto read, pkcs11::read_attributes(ceremony.token, *pin, wanted));
  Facts facts;
  std::size_t next = 0;
  for (const std::string name : {"kek", "sign"}) {
    COFFER_CHECK(compare_attributes(name, ceremony.plan.keys.at(name), read.at(next)));
    for (const pkcs11::StatedAttribute& each : read.at(next)) {
      facts.push_back({name + "." + each.name, each.value});
    }
    ++next;
  }
  return facts;
}

Result<Facts> read_back(Ceremony& ceremony, std::string_view step) {
  if (step == "attributes") return hold_against_plan(ceremony);
  COFFER_TRY(const auto token, open_planned(ceremony));
  return describe(*token, ceremony.plan);
}

Result<Facts> write_enrolment(Ceremony& ceremony) {
  COFFER_TRY(const auto token, open_planned(ceremony));
  COFFER_TRY(const envelope::Enrolment made, make_enrolment(*token, ceremony.plan.vault));
  const std::string path = ceremony.path("enrolment.json");
  COFFER_CHECK(write_file(path, enrolment_json(made)));
  COFFER_TRY(std::string hash, hash_file(path));
  return Facts{{"enrolment-sha256", std::move(hash)}};
}

Result<Facts> destroy_keys(Ceremony& ceremony) {
  COFFER_TRY(
      const std::string typed,
      ceremony.console.ask("serial", "There is no way back. The token's serial, as planned"));
  // In a rehearsal too what will be typed in then: opening it has compared that with the token's.
  if (typed != ceremony.plan.token.serial) {
    return make_error(ErrorCode::invalid_argument,
                      "the serial that was typed in isn't the token's");
  }
  COFFER_TRY(Facts facts, destroy_vaults_keys(ceremony));
  // Another opening of the module: the Token before is closed.
  COFFER_TRY(const SecureBytes* const pin, user_pin(ceremony));
  const auto labels = envelope::anchor_labels(ceremony.plan.vault);
  COFFER_TRY(const std::size_t anchors, pkcs11::destroy_data(ceremony.token, *pin, labels));
  facts.push_back({"destroyed-anchors", std::to_string(anchors)});
  return facts;
}

}  // namespace coffer::ceremony
