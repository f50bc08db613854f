// coffer doctor: each thing that can be wrong, broken one at a time, is named; and what is well
// isn't.
#include <gtest/gtest.h>

#include "src/cli/doctor_checks.h"
#include "src/cli/doctor_signer.h"

namespace coffer::cli {
namespace {

using model::Json;

Json json(std::string_view text) {
  auto parsed = Json::parse(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.ok() ? *std::move(parsed) : Json();
}

/// "severity check; …"
std::string names(const Findings& found) {
  std::string all;
  for (const Finding& one : found) {
    EXPECT_FALSE(one.what.empty()) << one.check;
    EXPECT_FALSE(one.fix.empty()) << one.check;
    all += std::string(to_string(one.severity)) + " " + one.check + "; ";
  }
  return all;
}

using Check = void (*)(const Json&, Findings&);
std::string found_by(Check check, std::string_view text) {
  Findings found;
  check(json(text), found);
  return names(found);
}

struct Case {
  Check check;
  const char* text;
  const char* found;
};

TEST(Doctor, NamesWhatIsWrongWithEachAnswerOfTheDaemon) {
  const Case cases[] = {
      {check_health, R"({"initialized":true,"sealed":false,"recovery":true})", ""},
      {check_health, R"({"initialized":false,"sealed":true})", "error vault.not_made; "},
      {check_health, R"({"initialized":true,"sealed":true})", "error vault.sealed; "},
      {check_health, R"({"initialized":true,"sealed":false,"errors":["the log is full"]})",
       "error vault.refuses; "},
      {check_health, R"({"initialized":true,"audit_unsigned_since":"2026-01-01T00:00:00Z"})",
       "error audit.unsigned; "},
      {check_health, R"({"initialized":true,"audit_fork":true})", "error audit.fork; "},
      {check_health, R"({"initialized":true,"recovery":false})", "warning token.only_one; "},
      {check_health, R"({"initialized":true,"rotations_failing":2})", "warning rotation.failing; "},
      {check_health, R"({"initialized":true,"lease_targets_failing":1})", "error lease.failing; "},
      {check_token, R"({"state":"up","model":"Luna"})", ""},
      {check_token, R"({"state":"down","reason":"pulled"})", "error token.down; "},
      {check_token, R"({"state":"degraded","reason":"slow"})", "warning token.degraded; "},
      {check_token, R"({"state":"up","model":"SoftHSM v2"})", "warning token.software; "},
      {check_token, R"({"state":"up","pin_tries":"plenty"})", ""},
      {check_token, R"({"state":"up","pin_tries":"few"})", "warning token.pin_tries_few; "},
      {check_token, R"({"state":"up","pin_tries":"one_left"})", "error token.pin_tries_one_left; "},
      {check_token, R"({"state":"up","pin_tries":"locked"})", "error token.pin_locked; "},
      {check_token, R"({"state":"up","so_pin_tries":"plenty"})", ""},
      {check_token, R"({"state":"up","so_pin_tries":"few"})", "warning token.so_pin_tries_few; "},
      {check_token, R"({"state":"up","so_pin_tries":"one_left"})",
       "error token.so_pin_tries_one_left; "},
      {check_token, R"({"state":"up","so_pin_tries":"locked"})", "error token.so_pin_locked; "},
      {check_keys,
       R"({"keys":[{"kind":"kek","version":1,"state":"active","period":"fine",
           "attributes":{"CKA_SENSITIVE":"true","CKA_EXTRACTABLE":"false"}},
           {"kind":"bind","version":1,"state":"active","period":"unlimited"}]})",
       ""},
      {check_keys,
       R"({"keys":[{"kind":"kek","attributes":{"CKA_SENSITIVE":"true","CKA_EXTRACTABLE":"true"}}]})",
       "error key.extractable; "},
      {check_keys,
       R"({"keys":[{"kind":"kek","attributes":{"CKA_SENSITIVE":"false","CKA_EXTRACTABLE":"false"}}]})",
       "error key.extractable; "},
      {check_keys,
       R"({"keys":[{"kind":"kek","version":1,"state":"compromised","in_use":true,
           "compromised":"2026-01-01T00:00:00Z","compromised_reason":"lost"}]})",
       "error key.compromised; "},
      {check_keys,
       R"({"keys":[{"kind":"kek","version":1,"state":"compromised","in_use":false,
           "compromised":"2026-01-01T00:00:00Z","compromised_reason":"lost"}]})",
       "warning key.compromised_kept; "},
      {check_keys,
       R"({"keys":[],"unclaimed":[{"label":"coffer ssh ca","id":"ab","maker":"ssh_ca"},
           {"label":"web","id":"cd","maker":"unknown"}]})",
       "warning key.unclaimed; info key.foreign; "},
      {check_keys, R"({"keys":[],"unclaimed":null,"unclaimed_error":"away"})", ""},
      {check_keys, R"({"keys":[{"kind":"sign","attributes":null,"attributes_error":"away"}]})",
       "error key.unreadable; "},
      {check_keys, R"({"keys":[{"kind":"audit","state":"active","period":"over"}]})",
       "warning key.over; "},
      {check_keys, R"({"keys":[{"kind":"kek","state":"deactivated","period":"ending"}]})",
       "warning key.ending; "},
      {check_keys, R"({"keys":[{"kind":"kek","state":"pre-activation"}]})", "info key.unused; "},
      {check_usage, R"({"kek":{"rotation_due":false}})", ""},
      {check_usage, R"({"kek":{"rotation_due":true,"wraps":5}})", "warning kek.rotation_due; "},
      {check_rotation, R"({"enabled":true})", ""},
      {check_rotation, R"({"enabled":false})", "warning kek.rotation_off; "},
      {check_restore, R"({"paused":false})", ""},
      {check_restore, R"({"paused":true})", "warning restore.paused; "},
      {check_restore, R"({"paused":false,"databases_unsearched":["database/a","database/b"]})",
       "warning restore.unsearched; warning restore.unsearched; "},
      {check_restore, R"({"paused":true,"rows_lost":2})",
       "warning restore.rows_lost; warning restore.paused; "},
      {check_restore,
       R"({"paused":false,"rows_lost":2,"secrets_damaged_named":["secret/a, version 1"]})",
       "error restore.damaged; "},
      {check_signing, R"({"signing":true,"witnesses":[{"name":"file","trouble":""}]})", ""},
      {check_signing, R"({"signing":false,"witnesses":[{"name":"file","trouble":""}]})",
       "error audit.not_signing; "},
      {check_signing,
       R"({"signing":true,"witnesses":[{"name":"file","trouble":""}],"anchor":{"trouble":"x"}})",
       "warning anchor.trouble; "},
      {check_signing, R"({"signing":true,"witnesses":[{"name":"file"}],"anchor":null})", ""},
      {check_signing, R"({"signing":true,"witnesses":[]})", "warning audit.no_witness; "},
      {check_signing, R"({"signing":true,"witnesses":[{"name":"file","trouble":"full"}]})",
       "warning audit.witness; "},
      {check_host, R"({"disk":[{"path":"/a","total":1000000,"free":500000}]})", ""},
      {check_host, R"({"disk":[{"path":"/a","total":1000000,"free":90000}]})",
       "warning disk.full; "},
      {check_host, R"({"disk":[{"path":"/a","total":1000000,"free":10000}]})", "error disk.full; "},
      {check_clock, R"({"stepped":false})", ""},
      {check_clock, R"({"stepped":true,"ahead_seconds":900})", "error clock.stepped; "},
  };
  for (const Case& one : cases) EXPECT_EQ(found_by(one.check, one.text), one.found) << one.text;
}

std::string fix_of_period(const std::string& kind, std::string_view period, bool old) {
  Findings found;
  const std::string since = old ? R"("deactivated":"2026-01-01T00:00:00Z",)" : "";
  check_keys(json(R"({"keys":[{"version":1,)" + since + R"("kind":")" + kind + R"(","period":")" +
                  std::string(period) + R"("}]})"),
             found);
  EXPECT_EQ(found.size(), 1U) << kind;
  return found.empty() ? "" : found.front().fix;
}

/// What the command destroys is the kek of that number, whatever key the finding was of.
TEST(Doctor, OnlyAnOldKekIsToBeRetired) {
  for (const std::string_view period : {"ending", "over"}) {
    EXPECT_EQ(fix_of_period("kek", period, true),
              "coffer operator rotate-key -retire=1, once no backup needs it");
    EXPECT_EQ(fix_of_period("ssh_ca", period, true),
              "the token destroys it once it is reached, docs/ssh.md");
    for (const std::string kind :
         {"sign", "record", "bind", "token_hash", "audit", "fingerprint"}) {
      const std::string fix = fix_of_period(kind, period, true);
      EXPECT_EQ(fix.find("retire"), std::string::npos) << kind;
      EXPECT_NE(fix.find("coffer write sys/cryptoperiods/" + kind + " recipient_period=0"),
                std::string::npos)
          << fix;
      EXPECT_EQ(fix_of_period(kind, period, false), "coffer operator rotate-key -key=" + kind);
    }
    EXPECT_EQ(fix_of_period("kek", period, false), "coffer operator rotate-key");
  }
}

TEST(Doctor, AnAnswerThatSaysNothingIsNoFinding) {
  for (const Check check : {check_token, check_keys, check_usage, check_rotation, check_restore,
                            check_host, check_clock}) {
    EXPECT_EQ(found_by(check, "{}"), "");
    EXPECT_EQ(found_by(check, "[1]"), "");
  }
}

DoctorLimits limits() { return {.now = *read_time("2026-11-27T12:00:00Z")}; }

TEST(Doctor, ReadsTimesOfAnswers) {
  const auto one = read_time("2026-11-27T03:04:05.123Z");
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->time_since_epoch().count(), 1795748645);
  for (const char* bad : {"", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "x",
                          "2026-01-01T24:00:00Z", "2026-01-01 00:00:00"}) {
    EXPECT_EQ(read_time(bad), std::nullopt) << bad;
  }
}

TEST(Doctor, BackupsAreToBeThereAndNotOld) {
  const auto judge = [](const std::string& backups, const char* last) {
    Findings found;
    check_backups(json(R"({"keys":[],"key_info":{)" + backups + "}}"), json(last), limits(), found);
    return names(found);
  };
  const std::string old = R"("20261101t000000z-1.cfbk":{"created":"2026-11-01T00:00:00Z"})";
  const std::string young = R"("20261125t000000z-2.cfbk":{"created":"2026-11-25T00:00:00Z"})";
  EXPECT_EQ(judge(old + "," + young, "{}"), "");
  EXPECT_EQ(judge(old, "{}"), "warning backup.old; ");
  EXPECT_EQ(judge("", R"({"state":"none"})"), "warning backup.none; ");
  EXPECT_EQ(judge(young, R"({"state":"failed","error":"full"})"), "error backup.failed; ");
  // What is none hides neither that there is none, nor that the last is old.
  const std::string empty = R"("20270101t000000z-aaaa.cfbk":{"error":"the backup ends too early"})";
  const std::string undated = R"("20261126t000000z-3.cfbk":{})";
  const std::string future = R"("20261126t000000z-4.cfbk":{"created":"2027-01-01T00:00:00Z"})";
  EXPECT_EQ(judge(empty, "{}"), "warning backup.damaged; warning backup.none; ");
  EXPECT_EQ(judge(old + "," + empty, "{}"), "warning backup.damaged; warning backup.old; ");
  EXPECT_EQ(judge(old + "," + undated, "{}"), "warning backup.damaged; warning backup.old; ");
  EXPECT_EQ(judge(future + "," + old, "{}"), "warning backup.future; warning backup.old; ");
  EXPECT_EQ(judge(R"("a.cfbk":{"created":"2026-11-27T12:04:00Z"})", "{}"), "") << "clocks differ";
  Findings none;
  check_backups(Json(), json("{}"), limits(), none);
  EXPECT_EQ(names(none), "warning backup.none; ");
}

TEST(Doctor, DrillsAreToBeHeldAndPassed) {
  const auto judge = [](const char* drills) {
    Findings found;
    check_drills(json(drills), limits(), found);
    return names(found);
  };
  EXPECT_EQ(judge(R"({"drills":[{"time":"2026-10-01T00:00:00Z","passed":true}]})"), "");
  EXPECT_EQ(judge(R"({"drills":[]})"), "warning drill.none; ");
  EXPECT_EQ(judge(R"({"drills":[{"time":"2026-08-01T00:00:00Z","passed":true}]})"),
            "warning drill.due; ");
  EXPECT_EQ(judge(R"({"drills":[{"time":"2026-11-01T00:00:00Z","passed":false},
                               {"time":"2026-10-01T00:00:00Z","passed":true}]})"),
            "error drill.failed; ");
  Findings found;
  check_drills(json(R"({"drills":[]})"), limits(), found);
  EXPECT_EQ(found[0].fix.find("coffer operator backup drill -config="), 0U);
  EXPECT_NE(found[0].fix.find(" -record FILE"), std::string::npos);
}

TEST(Doctor, WhatIsToBeDoneWithASealedVaultWorksForASecondCopyToo) {
  Findings found;
  check_health(json(R"({"initialized":true,"sealed":true})"), found);
  const std::string& fix = found[0].fix;
  EXPECT_EQ(fix.find("coffer operator unseal"), 0U);
  EXPECT_NE(fix.find("second_copy"), std::string::npos);
  EXPECT_NE(fix.find("coffer operator accept-restore -config="), std::string::npos);
}

TEST(Doctor, RootTokensAreToEndAndToBeUsed) {
  const auto judge = [](const char* token, std::optional<bool> used) {
    Findings found;
    check_root("abc", json(token), used, limits(), found);
    return names(found);
  };
  constexpr const char* kOld =
      R"({"policies":["root"],"ttl":0,"expire_time":null,"issue_time":"2026-01-01T00:00:00Z"})";
  EXPECT_EQ(judge(kOld, std::nullopt), "warning root.never_expires; ");
  EXPECT_EQ(judge(kOld, true), "warning root.never_expires; ");
  EXPECT_EQ(judge(kOld, false), "warning root.unused; warning root.never_expires; ");
  EXPECT_EQ(judge(R"({"policies":["root"],"ttl":0,"expire_time":null,
                      "issue_time":"2026-11-27T11:00:00Z"})",
                  std::nullopt),
            "info root.fresh; ");
  EXPECT_EQ(judge(R"({"policies":["root"],"ttl":60,"expire_time":"2026-11-28T00:00:00Z",
                      "issue_time":"2026-01-01T00:00:00Z"})",
                  std::nullopt),
            "");
  EXPECT_EQ(judge(R"({"policies":["app"],"ttl":0,"issue_time":"2026-01-01T00:00:00Z"})", false),
            "");
}

TEST(Doctor, TheProcessIsToBeConfined) {
  const std::string good =
      "Name:\tcofferd\nUid:\t990\t990\t990\t990\nVmSwap:\t0 kB\nCapEff:\t0000000000000000\n"
      "NoNewPrivs:\t1\nSeccomp:\t2\n";
  const auto judge = [&](std::string_view line, std::string_view with) {
    std::string status = good;
    status.replace(status.find(line), line.size(), with);
    Findings found;
    check_process(status, found);
    return names(found);
  };
  EXPECT_EQ(judge("Name", "Name"), "");
  EXPECT_EQ(judge("Uid:\t990", "Uid:\t0"), "error process.root; ");
  EXPECT_EQ(judge("NoNewPrivs:\t1", "NoNewPrivs:\t0"), "warning process.new_privileges; ");
  EXPECT_EQ(judge("Seccomp:\t2", "Seccomp:\t0"), "warning process.no_seccomp; ");
  EXPECT_EQ(judge("CapEff:\t0000000000000000", "CapEff:\t0000000000200000"),
            "warning process.capabilities; ");
  EXPECT_EQ(judge("VmSwap:\t0 kB", "VmSwap:\t12 kB"), "warning process.swapped; ");
}

TEST(Doctor, TheSocketIsNotForEverybody) {
  Findings found;
  check_socket(0140660, found);
  EXPECT_EQ(names(found), "");
  check_socket(0140666, found);
  EXPECT_EQ(names(found), "warning socket.everybody; ");
}

TEST(Doctor, EachLineOfTheConfigurationsCheckIsAFinding) {
  Findings found;
  check_config(0, "fine\n", found);
  EXPECT_EQ(names(found), "");
  check_config(1, "a.toml:3: vault.store: mode is 0644\nvault.audit: another user's\n", found);
  EXPECT_EQ(names(found), "error config; error config; ");
  EXPECT_EQ(found[0].what, "a.toml:3: vault.store: mode is 0644");
  check_config(78, "2026-11-28T04:41:42.339Z error vault.store: open to others\n", found);
  EXPECT_EQ(found[2].what, "vault.store: open to others");
  Findings silent;
  check_config(139, "", silent);
  EXPECT_EQ(names(silent), "error config; ");
}

constexpr const char* kNow =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyAWeEF5x0WKEuFauqkcNq4rIKOJA"
    "wJ+D377DnwZBTZJnY6DhL5YjTHR53DpeGZAvHN1C/sP6RMgUkzePAHWV4Q==";
constexpr const char* kBefore =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWCZU8vz2+zAvy8WBQxaxaj/TLkPQ"
    "MmDtU33EcxNx9igi+/uqGGKpnQICxG9BgQ91CU+Au1EwOdKs26SpSc+LYg==";
constexpr const char* kForeign =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEv5rSDeBDLp76zTXzuOLIB2tSkkqU"
    "ewzN/IvEcksHLX4XzOOLI0qSAfCWLgHZnz78pXNdIwKT/qLBkHJPG3hUCA==";

std::string pem(std::string_view key, const char* line_end = "\n") {
  return std::string("-----BEGIN PUBLIC KEY-----")
      .append(line_end)
      .append(key)
      .append(line_end)
      .append("-----END PUBLIC KEY-----")
      .append(line_end);
}

TEST(Doctor, ThePinnedKeyIsToBeTheOneThatSigns) {
  const Json signers =
      json(R"({"current":")" + pem(kNow, R"(\n)") + R"(","announcements":[{"from":")" +
           pem(kBefore, R"(\n)") + R"(","to":")" + pem(kNow, R"(\n)") + R"("}]})");
  const auto judge = [&](const Result<std::string>& text, const Json& told) {
    Findings found;
    check_signer("/v/signer.pem", text, told, found);
    return names(found);
  };
  EXPECT_EQ(judge(pem(kNow), signers), "");
  EXPECT_EQ(judge(pem(kBefore), signers), "warning signer.old; ");
  EXPECT_EQ(judge(pem(kForeign), signers), "error signer.foreign; ");
  EXPECT_EQ(judge(std::string("junk"), signers), "error signer.unreadable; ");
  EXPECT_EQ(judge(std::string(), signers), "error signer.unreadable; ");
  EXPECT_EQ(judge(make_error(ErrorCode::not_found, ""), signers), "error signer.missing; ");
  // Of a sealed vault.
  EXPECT_EQ(judge(pem(kForeign), Json()), "");
  EXPECT_EQ(judge(std::string("junk"), Json()), "error signer.unreadable; ");
}

TEST(Doctor, TheConfigurationSaysWhereThePinnedKeyIs) {
  EXPECT_EQ(signer_path("[vault]\ndirectory = \"/v\"\n"), "/v/signer.pem");
  EXPECT_EQ(signer_path("vault.directory = \"/v\"\nvault.signer = \"a/b\"\n"), "/v/a/b");
  EXPECT_EQ(signer_path("[vault]\nsigner = \"/c.pem\"\n[log]\nsigner = \"/d\"\n"), "/c.pem");
  EXPECT_EQ(signer_path("[vault]\n"), std::nullopt);
  EXPECT_EQ(signer_path("[vault\n"), std::nullopt);
}

TEST(Doctor, AnAuditLogIsToBeGoodAndSignedToItsEnd) {
  const auto judge = [](int status, const char* text, bool key, std::int64_t lines = 0) {
    Findings found;
    check_verified(status, text, key, lines, found);
    return names(found);
  };
  EXPECT_EQ(judge(0, R"({"good":true})", true), "");
  EXPECT_EQ(judge(0, R"({"good":true})", false), "info audit.no_key; ");
  EXPECT_EQ(judge(2, R"({"good":false,"bad":{"file":"a","line":3,"what":"edited"}})", true),
            "error audit.bad; ");
  EXPECT_EQ(
      judge(3, R"({"unsigned_from":5,"doubts":["no checkpoint of the keys given covers line 5"]})",
            true),
      "warning audit.unsigned_tail; ");
  EXPECT_EQ(
      judge(3, R"({"good":true,"missing_before":9,"doubts":["lines 1 to 9 aren't here"]})", true),
      "warning audit.missing; ");
  EXPECT_EQ(judge(0, R"({"good":true,"missing_before":9,"doubts":[]})", true), "");
  EXPECT_EQ(
      judge(3, R"({"clock_back":{"seconds":9},"doubts":["the clock went back by 9 s"]})", true),
      "warning audit.clock_back; ");
  EXPECT_EQ(
      judge(3, R"({"doubts":["it was signed with a key that is not one of those given"]})", true),
      "warning audit.foreign_key; ");
  EXPECT_EQ(judge(3, R"({"doubts":["the clock went back by 9 s","what nobody knew"]})", true),
            "warning audit.clock_back; warning audit.doubt; ");
  EXPECT_EQ(judge(3, R"({"good":true,"doubts":[]})", true), "warning audit.doubt; ");
  EXPECT_EQ(judge(3, R"({"good":true})", true), "warning audit.doubt; ");
  EXPECT_EQ(judge(1, "", true), "error audit.unverified; ");
  // A copy of some time ago, or one that was cut: good in itself.
  EXPECT_EQ(judge(0, R"({"good":true,"last_sequence":126})", true, 126), "");
  EXPECT_EQ(judge(0, R"({"good":true,"last_sequence":125})", true, 126), "error audit.other_log; ");
  EXPECT_EQ(judge(3, R"({"good":true,"doubts":["the clock went back"]})", true, 1),
            "error audit.other_log; warning audit.clock_back; ");
}

TEST(Doctor, WhatCouldNotBeSeenIsAWarning) {
  Findings found;
  check_unseen({}, found);
  EXPECT_EQ(names(found), "");
  check_unseen({"sys/token: 403", "sys/drills: 403", "sys/clock: 500"}, found);
  EXPECT_EQ(names(found), "warning doctor.not_examined; ");
  EXPECT_EQ(found.front().what, "couldn't be examined: sys/token: 403; and 2 more");
}

}  // namespace
}  // namespace coffer::cli
