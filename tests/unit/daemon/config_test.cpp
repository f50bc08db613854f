#include "src/daemon/config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "src/daemon/config_fields.h"

namespace coffer::daemon {
namespace {

constexpr std::string_view kLeast =
    "[token]\nmodule = \"/m.so\"\nuri = \"pkcs11:token=t\"\n[[listener]]\npath = \"/run/c.sock\"\n";

std::string with(std::string_view more) { return std::string(kLeast) + std::string(more); }

Config good(const std::string& text) {
  const ParsedConfig parsed = parse_config(text);
  for (const auto& problem : parsed.problems) ADD_FAILURE() << describe("f", problem);
  return parsed.config;
}

std::vector<std::string> problems(const std::string& text) {
  std::vector<std::string> lines;
  for (const auto& problem : parse_config(text).problems) lines.push_back(describe("f", problem));
  return lines;
}

/// The one problem of a file.
std::string problem(const std::string& text) {
  const auto all = problems(text);
  EXPECT_EQ(all.size(), 1U) << text;
  return all.empty() ? "" : all.front();
}

std::string documented() {
  std::ifstream file(COFFER_TEST_DATA "/../docs/coffer.toml");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// With the tables that stand as comments, for without them is the default.
std::string documented_in_full() {
  std::istringstream text(documented());
  std::string all;
  bool example = false;
  for (std::string line; std::getline(text, line); all += line + "\n") {
    example = (example || line == "# [[rotation_program]]") && !line.empty();
    if (example) line.erase(0, std::min<std::size_t>(2, line.size()));
  }
  return all;
}

TEST(ConfigDocument, HasEveryKeyAndNoOther) {
  const auto tree = model::read_toml(documented_in_full());
  ASSERT_TRUE(std::holds_alternative<std::vector<ConfigEntry>>(tree));
  std::multiset<std::string> found;
  for (const ConfigEntry& entry : std::get<std::vector<ConfigEntry>>(tree)) {
    if (entry.name.empty()) continue;
    found.insert(entry.table + (entry.repeated ? "[]." : ".") + entry.name);
  }
  const auto known = known_config_keys();
  EXPECT_EQ(found, std::multiset<std::string>(known.begin(), known.end()));
}

TEST(ConfigDocument, GivesTheDefaults) {
  Config expected;
  expected.token.module = "/usr/lib/softhsm/libsofthsm2.so";
  expected.token.uri = "pkcs11:token=coffer";
  expected.listeners = {{.path = "/run/coffer/coffer.sock"}};
  EXPECT_TRUE(good(documented()) == expected);
}

TEST(ConfigDocument, TellsForEachKeyWhatItIs) {
  std::istringstream text(documented());
  std::string line;
  bool commented = false;
  while (std::getline(text, line)) {
    if (line.find(" = ") != std::string::npos && !line.starts_with("#")) {
      EXPECT_TRUE(commented) << line;
    }
    commented = line.starts_with("#");
  }
}

TEST(ConfigDocument, ItsExampleOfAProgramIsGood) {
  const Config config = good(documented_in_full());
  const std::vector<programs::Program> expected = {{.name = "app-db",
                                                    .path = "/usr/local/lib/coffer/rotate-app-db",
                                                    .secrets = {"secret/app/*"},
                                                    .user = ""}};
  EXPECT_EQ(config.programs, expected);
}

TEST(Config, RefusesProgramsThatCantBe) {
  const std::string path = "path = \"/bin/x\"\nsecrets = [\"secret/x\"]\n";
  EXPECT_EQ(problem(with("[[rotation_program]]\n" + path)).find("is missing") != std::string::npos,
            true);
  EXPECT_NE(problem(with("[[rotation_program]]\nname = \"a/b\"\n" + path)).find("letters"),
            std::string::npos);
  EXPECT_NE(problem(with("[[rotation_program]]\nname = \"a\"\npath = \"x\"\nsecrets = [\"x\"]\n"))
                .find("absolute"),
            std::string::npos);
  EXPECT_NE(problem(with("[[rotation_program]]\nname = \"a\"\ndeadline_seconds = 0\n" + path))
                .find("1 to 600"),
            std::string::npos);
  EXPECT_NE(problem(with("[rotation_program]\nname = \"a\"\n")).find("[[rotation_program]]"),
            std::string::npos);
  const std::string one = "[[rotation_program]]\nname = \"a\"\n" + path;
  EXPECT_NE(problem(with(one + one)).find("another program"), std::string::npos);
}

TEST(Config, RefusesAProgramWithoutAListOfSecrets) {
  const std::string start = "[[rotation_program]]\nname = \"a\"\npath = \"/bin/x\"\n";
  EXPECT_NE(problem(with(start)).find("rotation_program[0].secrets: is missing"), std::string::npos)
      << problem(with(start));
  for (const char* const list : {"[]", "\"secret/x\"", "7", "[7]", "[[\"secret/x\"]]", "[\"\"]",
                                 "[\"/canary/*\"]", "[\"a/canary*/b\"]", "[\"canary//x\"]",
                                 "[\"canary/\"]", "[\"canary/../x\"]", "[\"canary/%41\"]"}) {
    const std::string said = problem(with(start + "secrets = " + list + "\n"));
    EXPECT_NE(said.find("rotation_program[0].secrets: must"), std::string::npos) << list << said;
    EXPECT_EQ(said.find("canary"), std::string::npos) << said;
  }
  const Config config = good(with(start + "secrets = [\"secret/a/*\", \"secret/+/b\"]\n"));
  const std::vector<std::string> expected = {"secret/a/*", "secret/+/b"};
  EXPECT_EQ(config.programs.at(0).secrets, expected);
}

TEST(Config, NeedsNoMoreThanTokenAndSocket) {
  const Config config = good(std::string(kLeast));
  EXPECT_EQ(config.token.uri, "pkcs11:token=t");
  ASSERT_EQ(config.listeners.size(), 1U);
  EXPECT_EQ(config.listeners[0].mode, 0600U);
  EXPECT_EQ(config.vault.path_of(config.vault.store), "/var/lib/coffer/store.db");
}

TEST(Config, ReadsEveryKind) {
  const Config config =
      good(with("mode = \"0660\"\ngroup = \"web\"\n[[listener]]\npath = \"/run/admin.sock\"\n"
                "[vault]\ndirectory = \"/srv/v\"\naudit = \"/log/audit\"\ncache_age_seconds = 0\n"
                "cache_grace_seconds = 30\naudit_durability = \"crash\"\nauto_unseal = false\n"
                "[limits]\nidle_seconds = 7\nworkers = 4\n[log]\nlevel = \"error\"\n"));
  EXPECT_EQ(config.listeners[0].mode, 0660U);
  EXPECT_EQ(config.listeners[0].group, "web");
  EXPECT_EQ(config.listeners[1].path, "/run/admin.sock");
  EXPECT_EQ(config.vault.path_of(config.vault.audit), "/log/audit");
  EXPECT_EQ(config.vault.cache_age.count(), 0);
  EXPECT_EQ(config.vault.cache_grace.count(), 30);
  EXPECT_EQ(config.vault.audit_durability, audit::Durability::crash);
  EXPECT_FALSE(config.vault.auto_unseal);
  EXPECT_EQ(config.limits.connections.deadlines.idle.count(), 7);
  EXPECT_EQ(config.limits.workers, 4U);
  EXPECT_EQ(config.log_level, log::Level::error);
}

TEST(Config, NamesAllThatIsWrongAtOnceWithItsLine) {
  const auto found = problems(
      "[vault]\ncache_age_seconds = -1\nnonsense = 1\n[token]\nmodule = \"here.so\"\n"
      "uri = 5\n[[listener]]\nmode = \"0700\"\n[colour]\nred = 1\nblue = 2\n");
  const std::vector<std::string> expected = {
      "f:2: vault.cache_age_seconds: must be a whole number from 0 to 86400",
      "f:3: vault.nonsense: unknown key",
      "f:5: token.module: must be an absolute path without . or ..",
      "f:6: token.uri: must be a string",
      "f:7: listener[0].path: is missing",
      "f:8: listener[0].mode: must be a string of four octal digits like \"0660\": reading and "
      "writing only, and both for the owner",
      "f:9: colour: unknown table"};
  EXPECT_EQ(found, expected);
}

TEST(Config, SaysWhatIsMissing) {
  const std::vector<std::string> expected = {
      "f: token.module: is missing", "f: token.uri: is missing",
      "f: listener: is missing: without a socket nobody can ask"};
  EXPECT_EQ(problems(""), expected);
}

TEST(Config, RefusesKeysOutsideOfTables) {
  EXPECT_EQ(problem("pin = \"31415926\"\n" + std::string(kLeast)), "f:1: pin: unknown key");
}

TEST(Config, RefusesTablesWithinTablesAndLists) {
  EXPECT_EQ(problem(with("[vault.more]\nx = 1\n")), "f:6: vault.more: unknown key");
  EXPECT_EQ(problem(with("[log]\nlevel = [\"info\"]\n")),
            "f:7: log.level: must be one of: info, warn, error");
}

TEST(Config, TellsOneTableFromARepeatedOne) {
  const std::string token = "[token]\nmodule = \"/m.so\"\nuri = \"pkcs11:token=t\"\n";
  const auto single = problems(token + "[listener]\npath = \"/run/c.sock\"\n");
  ASSERT_FALSE(single.empty());
  EXPECT_NE(
      std::find(single.begin(), single.end(), "f:4: listener: must be written as [[listener]]"),
      single.end());
  EXPECT_EQ(problem(with("[[log]]\nlevel = \"info\"\n")), "f:6: log: must be written as [log]");
}

TEST(Config, SaysWhereTheTextStopsBeingToml) {
  EXPECT_TRUE(problem("[token]\nuri = \n").starts_with("f:2: isn't TOML"))
      << problem("[token]\nuri = \n");
  EXPECT_TRUE(problem("[log]\nlevel = 1\nlevel = 2\n").starts_with("f:3: isn't TOML"));
}

TEST(Config, RefusesInlineTablesWithoutAKey) {
  for (const char* text : {"a = { = 1 }\n", "a = {.b = 1}\n", "a = {,}\n", "a = {[x] = 1}\n",
                           "a = {\x01}\n", "a = {", "a.", "[a.", "[[a.]]", "a. = 1"}) {
    EXPECT_NE(problem(text).find("isn't TOML"), std::string::npos) << text;
  }
}

TEST(Config, NeverQuotesAValue) {
  const std::string secret = "31415926";
  for (const std::string& text :
       {"[token]\nuri = \"pkcs11:token=t?pin-value=" + secret + "\"\n",
        "[token]\nuri = \"" + secret + "\"\n", "[token]\npin = \"" + secret + "\"\n",
        "[token]\npin_from = \"" + secret + "\"\n", "[token]\npin_from = " + secret + "\n",
        "[token]\npin_file = \"" + secret + "\"\n", "pin = " + secret + "x\n",
        "pin = \"" + secret + "\n", secret + " " + secret + "\n", "\"pin is " + secret + "\" = 1\n",
        "[\"pin: " + secret + "\"]\nx = 1\n", "[token]\n\"" + secret + "\\n\" = 1\n",
        "[token]\nmodule = \"" + secret + "\"\n", "[[listener]]\npath = \"" + secret + "\"\n",
        "[[listener]]\nmode = \"" + secret + "\"\n", "[log]\nlevel = \"" + secret + "\"\n"}) {
    const auto found = problems(text);
    EXPECT_FALSE(found.empty()) << text;
    for (const std::string& line : found) {
      EXPECT_EQ(line.find(secret), std::string::npos) << line;
    }
  }
}

TEST(Config, RefusesATokenUriThatSaysMoreThanWhichToken) {
  const std::string start = "[[listener]]\npath = \"/s\"\n[token]\nmodule = \"/m.so\"\nuri = ";
  for (const char* uri :
       {"\"token=t\"", "\"pkcs11:\"", "\"pkcs11:token=t?pin-value=1\"",
        "\"pkcs11:token=t?pin-source=file:/x\"", "\"pkcs11:token=t?module-path=/x.so\""}) {
    EXPECT_TRUE(problem(start + uri + "\n").starts_with("f:5: token.uri: ")) << uri;
  }
}

TEST(Config, ReadsHowAMakeOfTokenIsSpokenTo) {
  const Config config = good(
      "[token]\nmodule = \"/m.so\"\nuri = \"pkcs11:token=t\"\nprofile = \"nss\"\n"
      "init_string = \"configdir='sql:/x'\"\naccept_insecure_token = true\n"
      "[token.environment]\nTPM2_PKCS11_STORE = \"/var/lib/tpm\"\nTSS2_LOG = \"all+NONE\"\n"
      "[[listener]]\npath = \"/run/c.sock\"\n");
  EXPECT_EQ(config.token.profile, "nss");
  EXPECT_EQ(config.token.init_string, "configdir='sql:/x'");
  EXPECT_TRUE(config.token.accept_insecure_token);
  const std::map<std::string, std::string> expected = {{"TPM2_PKCS11_STORE", "/var/lib/tpm"},
                                                       {"TSS2_LOG", "all+NONE"}};
  EXPECT_EQ(config.token.environment, expected);
}

TEST(Config, RefusesAProfileThatThereIsNot) {
  const std::string found = problem(
      "[token]\nmodule = \"/m.so\"\nuri = \"pkcs11:token=t\"\nprofile = \"soft\"\n"
      "[[listener]]\npath = \"/run/c.sock\"\n");
  EXPECT_TRUE(found.starts_with("f:4: token.profile: ")) << found;
  EXPECT_NE(found.find("tpm2-pkcs11"), std::string::npos) << found;
}

TEST(Config, RefusesVariablesOfTheLoader) {
  for (const std::string_view line :
       {"LD_PRELOAD = \"/x.so\"", "MALLOC_CHECK_ = \"3\"", "COFFER_ADDR = \"x\"", "lower = \"x\"",
        "\"A B\" = \"x\"", "\"\" = \"x\"", "\"9A\" = \"x\"", "A = 5", "A = \"x\\u0007\"",
        "A = [\"x\"]"}) {
    const std::string found =
        problem("[token]\nmodule = \"/m.so\"\nuri = \"pkcs11:token=t\"\n[token.environment]\n" +
                std::string(line) + "\n[[listener]]\npath = \"/run/c.sock\"\n");
    EXPECT_NE(found.find("token.environment: must "), std::string::npos) << line << ": " << found;
  }
}

TEST(Config, WantsAPinFromOnePlaceOnly) {
  const std::string token =
      "[[listener]]\npath = \"/s\"\n[token]\nmodule = \"/m.so\"\n"
      "uri = \"pkcs11:token=t\"\n";
  EXPECT_EQ(good(token + "pin_from = \"file\"\npin_file = \"/etc/pin\"\n").token.pin_file,
            "/etc/pin");
  EXPECT_EQ(good(token + "pin_from = \"operator\"\n").token.pin_from, PinFrom::operator_entry);
  EXPECT_TRUE(
      problem(token + "pin_from = \"file\"\n").starts_with("f: token.pin_file: is missing"));
  EXPECT_TRUE(problem(token + "pin_file = \"/etc/pin\"\n").starts_with("f:6: token.pin_file: "));
  EXPECT_TRUE(problem(token + "pin_credential = \"../pin\"\n").starts_with("f:6: "));
}

TEST(Config, RefusesPathsThatLeadElsewhereThanTheySay) {
  for (const char* path : {"relative", "/a/../b", "/a/./b", "", "/a\\u0000b", "/a\\nb"}) {
    const std::string text = "[vault]\ndirectory = \"" + std::string(path) + "\"\n";
    EXPECT_TRUE(problem(with(text)).starts_with("f:7: vault.directory: ")) << path;
  }
  for (const char* path : {"", "../x", "a/../b", "x/"}) {
    const std::string text = "[vault]\nstore = \"" + std::string(path) + "\"\n";
    EXPECT_TRUE(problem(with(text)).starts_with("f:7: vault.store: ")) << path;
  }
}

TEST(Config, RefusesAWitnessThatCantBe) {
  const std::string key =
      "audit_witness_key = "
      "\"witness.example/w1+e75f6532+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\"";
  const std::string ca = "audit_witness_ca = \"/etc/ca.pem\"";
  const std::string url = "audit_witness_url = ";
  const auto vault = [](const std::string& keys) { return with("[vault]\n" + keys + "\n"); };
  EXPECT_TRUE(problem(vault(key)).ends_with("is given, but there is no vault.audit_witness_url"));
  for (const char* plain : {"\"http://a\"", "\"unix:/a\""}) {
    EXPECT_TRUE(
        problem(vault(url + plain + "\n" + ca))
            .ends_with("is given, but vault.audit_witness_url doesn't start with https://"));
    EXPECT_EQ(good(vault(url + plain + "\n" + key)).vault.audit_rules.witness_ca, "");
  }
  const auto rules = good(vault(url + "\"https://a\"\n" + ca + "\n" + key)).vault.audit_rules;
  EXPECT_EQ(rules.witness_ca, "/etc/ca.pem");
  EXPECT_TRUE(rules.witness_key.starts_with("witness.example/w1+"));
  EXPECT_TRUE(problem(vault(url + "\"https://a\"\naudit_witness_key = \"a+b+c\""))
                  .ends_with("must be of type 4, for Ed25519 cosignatures, in base64"));
}

TEST(Config, RefusesTwoThingsAtOnePath) {
  EXPECT_EQ(problem(with("[vault]\nsigner = \"store.db\"\n")),
            "f:7: vault.signer: is the path of another file of the vault too");
  EXPECT_EQ(problem(with("[[listener]]\npath = \"/run/c.sock\"\n")),
            "f:7: listener[1].path: is the path of another listener too");
}

TEST(Config, RefusesModesThatAreNoModesOfASocket) {
  for (const char* mode : {"\"0700\"", "\"0611\"", "\"0060\"", "\"660\"", "\"1660\"", "\"0668\"",
                           "\"rw\"", "432", "0o660", "\"\""}) {
    EXPECT_TRUE(problem(with("mode = " + std::string(mode) + "\n")).starts_with("f:6: listener[0]"))
        << mode;
  }
  EXPECT_EQ(good(with("mode = \"0666\"\n")).listeners[0].mode, 0666U);
}

TEST(Config, HoldsEachNumberToItsBounds) {
  for (const char* line :
       {"cache_entries = 0", "cache_entries = 8193", "cache_age_seconds = 86401",
        "cache_age_seconds = 1.5", "cache_age_seconds = \"60\"", "cache_age_seconds = true"}) {
    EXPECT_TRUE(problem(with("[vault]\n" + std::string(line) + "\n")).starts_with("f:7: vault."))
        << line;
  }
  for (const char* key : {"max_connections", "max_connections_per_uid", "idle_seconds",
                          "head_seconds", "body_seconds", "write_seconds", "workers", "queue"}) {
    for (const char* value : {"0", "-1", "9223372036854775807"}) {
      const auto found = problems(with("[limits]\n" + std::string(key) + " = " + value + "\n"));
      ASSERT_EQ(found.size(), 1U) << key << value;
      EXPECT_TRUE(found[0].starts_with("f:7: limits." + std::string(key) + ": ")) << found[0];
    }
  }
}

TEST(Config, OneUserMayNotHaveMoreThanAll) {
  EXPECT_EQ(problem(with("[limits]\nmax_connections = 10\nmax_connections_per_uid = 11\n")),
            "f:8: limits.max_connections_per_uid: must not be over limits.max_connections");
}

TEST(Config, BoundsTheNumberOfSockets) {
  std::string text = "[token]\nmodule = \"/m.so\"\nuri = \"pkcs11:token=t\"\n";
  for (int i = 0; i < 64; ++i) text += "[[listener]]\npath = \"/s" + std::to_string(i) + "\"\n";
  EXPECT_EQ(good(text).listeners.size(), 64U);
  EXPECT_EQ(problem(text + "[[listener]]\npath = \"/x\"\n[[listener]]\npath = \"/y\"\n"),
            "f:132: listener[64]: is one too many: 64 are allowed");
}

TEST(Config, RefusesASocketPathThatTheKernelWouldCut) {
  const std::string table = "[token]\nmodule = \"/m.so\"\nuri = \"pkcs11:token=t\"\n[[listener]]\n";
  EXPECT_EQ(good(table + "path = \"/" + std::string(106, 'x') + "\"\n").listeners.size(), 1U);
  EXPECT_TRUE(problem(table + "path = \"/" + std::string(107, 'x') + "\"\n").starts_with("f:5: "));
}

}  // namespace
}  // namespace coffer::daemon
